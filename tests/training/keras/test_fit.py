"""A training that is stopped and resumed ends in the bytes of one left alone."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from pedigree.errors import RefusedError, WrongUseError
from pedigree.models.build import build_model
from pedigree.models.head import head_for
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.sections import parse
from pedigree.training.keras import callbacks
from pedigree.training.keras import fit as fitting
from pedigree.training.keras.checkpoint import CheckpointFile
from pedigree.training.keras.fit import Examples, compile_model, fit
from pedigree.training.keras.targets import ClassTargets, NumberTargets


def _architecture(name, **values):
    section = {"architecture": name, "seed": 3, **values}
    return parse(Model, section, "params.yaml")


MLP = _architecture("mlp", hidden=[16], activation="relu", dropout=[0.5])
CONVNET = _architecture(
    "convnet",
    blocks=[[4]],
    kernel=[3],
    padding=["same"],
    pool=[2],
    activation="relu",
    dense=[8],
    dropout={"blocks": [0.25], "flatten": 0.4},
    batch_normalization={"momentum": 0.9, "epsilon": 0.001},
    augmentation=[
        {"layer": "random_flip", "mode": "horizontal"},
        {"layer": "random_rotation", "factor": 0.1},
        {"layer": "random_zoom", "height_factor": 0.2},
        {"layer": "random_translation", "height_factor": 0.2, "width_factor": 0.2},
        {"layer": "random_contrast", "factor": 0.2, "value_range": [-4, 6]},
        {"layer": "random_brightness", "factor": 0.2, "value_range": [-4, 6]},
        {"layer": "gaussian_noise", "stddev": 0.1},
    ],
)
RECURRENT = _architecture(
    "recurrent", cell="lstm", units=[4], dropout=0.5, recurrent_dropout=0.25
)


DECAY = {
    "schedule": "inverse_time_decay",
    "initial_learning_rate": 0.01,
    "decay_steps": 7,
    "decay_rate": 0.5,
}


def _parameters(**changes):
    values = {
        "library": "keras",
        "loss": "categorical_crossentropy",
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "batch_size": 16,
        "epochs": 6,
        "seed": 5,
        "precision": "float32",
        "xla": False,
    }
    return parse(Train, values | changes, "params.yaml")


def _examples(shape, rows, seed, parameters):
    """Three classes, or the number of the class, that the inputs are around."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, rows)
    x = rng.normal(size=(rows, *shape)) + classes.reshape(-1, *[1] * len(shape))
    y = ClassTargets(classes, parameters.loss, 3)
    if not parameters.loss.endswith("crossentropy"):
        y = NumberTargets(classes.astype("float32"))
    return Examples(x.astype("float32"), y)


def _train(
    architecture,
    shape,
    parameters,
    key,
    stop_after=None,
    heard=None,
    validates=True,
    weights=None,
):
    def listener(figures, epoch):
        if heard is not None:
            heard.append({"epoch": epoch, **figures})
        if epoch == stop_after:
            raise KeyboardInterrupt

    classes = 3 if parameters.loss.endswith("crossentropy") else None
    head = head_for(parameters.loss, classes)
    model = build_model(architecture, shape, None, head)
    compile_model(model, parameters)
    history = fit(
        model,
        replace(_examples(shape, 100, 0, parameters), weights=weights),
        _examples(shape, 40, 1, parameters) if validates else None,
        parameters,
        CheckpointFile(key),
        listener,
    )
    return model.get_weights(), history


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("architecture", "shape", "changes"),
    [
        pytest.param(MLP, (5,), {}, id="dense net with dropout"),
        pytest.param(CONVNET, (8, 8, 1), {}, id="convnet with augmentation"),
        pytest.param(RECURRENT, (5, 3), {}, id="recurrent net with dropout"),
        pytest.param(
            MLP,
            (5,),
            {
                "reduce_learning_rate": {
                    "monitor": "val_loss",
                    "factor": 0.5,
                    "patience": 1,
                },
                "early_stopping": {
                    "monitor": "val_loss",
                    "patience": 3,
                    "restore_best_weights": True,
                },
                "optimizer": {"name": "sgd", "learning_rate": 1.0, "momentum": 0.9},
                "epochs": 12,
            },
            id="callbacks with a memory",
        ),
        pytest.param(
            MLP,
            (5,),
            {
                "loss": "half_squared_error",
                "optimizer": {
                    "name": "rmsprop",
                    "learning_rate": DECAY,
                    "global_clipnorm": 0.5,
                },
            },
            id="numbers with a rate that decays",
        ),
    ],
)
def test_a_resumed_training_equals_one_left_alone(architecture, shape, changes):
    parameters = _parameters(**changes)
    expected, history = _train(architecture, shape, parameters, "alone")
    for stop_after in {2, len(history)}:
        key = f"stopped-{stop_after}"
        # The listener hears of an epoch before it is saved: the epoch is done again.
        with pytest.raises(KeyboardInterrupt):
            _train(architecture, shape, parameters, key, stop_after)
        heard = []
        weights, resumed = _train(architecture, shape, parameters, key, heard=heard)
        assert resumed == heard == history
        for one, other in zip(expected, weights, strict=True):
            assert np.array_equal(one, other)


def test_early_stopping_ends_before_the_last_epoch_and_is_not_undone_by_resuming():
    parameters = _parameters(
        epochs=40,
        optimizer={"name": "sgd", "learning_rate": 2.0, "momentum": 0.0},
        early_stopping={
            "monitor": "val_loss",
            "patience": 0,
            "restore_best_weights": True,
        },
    )
    expected, history = _train(MLP, (5,), parameters, "stopped")
    assert len(history) < 40
    # The checkpoint of the last epoch is still there: the training was killed just
    # before it wrote its model.
    weights, resumed = _train(MLP, (5,), parameters, "stopped")
    assert resumed == history
    for one, other in zip(expected, weights, strict=True):
        assert np.array_equal(one, other)


def test_the_history_has_one_row_per_epoch():
    _, history = _train(MLP, (5,), _parameters(epochs=2), "history")
    assert [row["epoch"] for row in history] == [1, 2]
    names = ["epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"]
    assert sorted(history[0]) == sorted(names)


@pytest.mark.parametrize(
    ("loss", "metric"),
    [
        ("sparse_categorical_crossentropy", "accuracy"),
        ("mean_squared_error", "mean_absolute_error"),
    ],
)
def test_a_training_without_validation_tells_of_the_training_rows_alone(loss, metric):
    parameters = _parameters(epochs=2, loss=loss)
    _, history = _train(MLP, (5,), parameters, "alone", validates=False)
    assert set(history[1]) == {"epoch", metric, "loss", "learning_rate"}
    _, validated = _train(MLP, (5,), parameters, "validated")
    assert {f"val_{metric}", "val_loss"} == {*validated[1]} - {*history[1]}
    # What is measured between the epochs changes nothing in them.
    for alone, row in zip(history, validated, strict=True):
        assert alone.items() <= row.items()


STOPPING = {"patience": 1, "restore_best_weights": True}
REDUCING = {"patience": 1, "factor": 0.5}


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"early_stopping": {"monitor": "val_loss", **STOPPING}}, "val_loss"),
        (
            {"reduce_learning_rate": {"monitor": "val_accuracy", **REDUCING}},
            "val_accuracy",
        ),
    ],
)
def test_what_is_not_measured_cannot_be_watched(changes, received):
    """Keras would only warn, and train on to the last epoch."""
    with pytest.raises(WrongUseError, match=rf"Received: {received}\n") as caught:
        _train(MLP, (5,), _parameters(**changes), "watched", validates=False)
    rule, _ = str(caught.value).splitlines()
    assert f"train.{list(changes)[-1]}.monitor must be one of" in rule
    assert "val_" not in rule.partition("Received")[0]


def test_the_training_loss_can_be_watched():
    parameters = _parameters(
        epochs=40,
        optimizer={"name": "sgd", "learning_rate": 2.0, "momentum": 0.0},
        early_stopping={"monitor": "loss", **STOPPING},
    )
    _, history = _train(MLP, (5,), parameters, "watched", validates=False)
    assert len(history) < 40


def test_the_history_tells_the_rate_after_each_epoch():
    optimizer = {"name": "sgd", "learning_rate": DECAY, "momentum": 0.0}
    _, history = _train(MLP, (5,), _parameters(optimizer=optimizer), "decay")
    steps = 7 * np.arange(1, 7)  # 100 rows in batches of 16
    expected = 0.01 / (1 + 0.5 * steps / 7)
    np.testing.assert_allclose([row["learning_rate"] for row in history], expected)


def test_a_number_is_learned():
    parameters = _parameters(loss="mean_squared_error", epochs=20)
    net = _architecture("mlp", hidden=[16], activation="relu")
    _, history = _train(net, (5,), parameters, "number")
    assert history[-1]["val_mean_absolute_error"] < 0.5  # 2/3 by guessing 1


def test_weights_of_rows_change_the_training():
    parameters = _parameters(epochs=1)
    plain, _ = _train(MLP, (5,), parameters, "plain")
    weights = np.linspace(0.1, 5, 100, dtype="float32")
    weighted, _ = _train(MLP, (5,), parameters, "weighted", weights=weights)
    assert not np.array_equal(plain[0], weighted[0])


@pytest.mark.parametrize(
    "changes", [{"xla": True}, {"precision": "mixed_bfloat16"}], ids=["xla", "mixed"]
)
def test_compiled_and_mixed_precision_trainings_learn(changes):
    parameters = _parameters(epochs=8, **changes)
    keras.config.set_dtype_policy(parameters.precision)
    try:
        _, history = _train(MLP, (5,), parameters, "variant")
    finally:
        keras.config.set_dtype_policy("float32")
    assert history[-1]["val_accuracy"] > 0.8
    _, plain = _train(MLP, (5,), _parameters(epochs=8), "plain")
    assert history != plain


def test_xla_is_refused_where_it_cannot_compile():
    with pytest.raises(WrongUseError, match="with the layer augmentation2_random_rot"):
        _train(CONVNET, (8, 8, 1), _parameters(xla=True), "xla")


def test_a_diverged_training_is_refused():
    """At the end of the epoch in which it does."""
    parameters = _parameters(
        epochs=40,
        optimizer={"name": "sgd", "learning_rate": 1e30, "momentum": 0.0},
    )
    heard = []
    with pytest.raises(RefusedError, match="the loss must be finite") as caught:
        _train(MLP, (5,), parameters, "diverged", heard=heard)
    assert len(heard) < 3
    assert caught.value.rule.endswith(f"after epoch {len(heard)}")
    assert [np.isfinite(row["loss"]) for row in heard] == [
        *[True] * (len(heard) - 1),
        False,
    ]


def test_a_rate_that_is_reduced_stands_beside_the_epochs_it_was_used_in():
    reduce = {"monitor": "loss", "factor": 0.1, "patience": 1, "cooldown": 1}
    parameters = _parameters(
        reduce_learning_rate=reduce,
        optimizer={"name": "sgd", "learning_rate": 1e-9, "momentum": 0.0},
    )
    rates = []

    class Rates(keras.callbacks.Callback):
        def on_epoch_begin(self, *_):
            rates.append(float(self.model.optimizer.learning_rate))

    built = fitting.build_callbacks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "build_callbacks", lambda p: [*built(p), Rates()])
        _, history = _train(MLP, (5,), parameters, "reduced")
    assert [row["learning_rate"] for row in history] == rates
    assert len(set(rates)) > 1


def test_a_training_that_is_done_is_not_done_again(monkeypatch):
    """However short its last epoch was."""
    monkeypatch.setattr(callbacks, "CHECKPOINT_SHARE", 1e9)
    expected, history = _train(MLP, (5,), _parameters(), "done")
    trained = []

    def note(_, epoch, *__):
        trained.append(epoch)

    monkeypatch.setattr(callbacks.Recorder, "on_epoch_end", note)
    weights, again = _train(MLP, (5,), _parameters(), "done")
    assert (again, trained) == (history, [])
    for one, other in zip(expected, weights, strict=True):
        assert np.array_equal(one, other)


def test_a_finished_training_forgets_its_checkpoint():
    _train(MLP, (5,), _parameters(epochs=1), "finished")
    file = CheckpointFile("finished")
    assert file.load() is not None
    file.remove()
    assert file.load() is None


def test_another_backend_or_keras_starts_anew(monkeypatch):
    _train(MLP, (5,), _parameters(epochs=1), "elsewhere")
    assert CheckpointFile("elsewhere").load() is not None
    with monkeypatch.context() as patch:
        patch.setattr(keras, "__version__", "4.0")
        assert CheckpointFile("elsewhere").load() is None
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert CheckpointFile("elsewhere").load() is None
