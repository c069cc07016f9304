"""Every architecture goes through the same checks; a new one adds a line here."""

import hashlib

import keras
import numpy as np
import pytest

from pedigree.errors import WrongUseError
from pedigree.models.keras.archive import load_model, save_model
from pedigree.models.keras.build import build_model, check
from pedigree.models.probabilities import predict_probabilities
from pedigree.params.model import Model
from pedigree.sections import parse

VGG_LITE = {
    "blocks": [[32, 32], [64, 64], [128, 128]],
    "kernel": 3,
    "padding": "same",
    "activation": "relu",
    "dense": [256],
}
SMALL_CONVNET = VGG_LITE | {
    "blocks": [[4], [4]],
    "dense": [8],
    "dropout": {"blocks": [0.25], "dense": 0.4},
}
SMALL_MLP = {"hidden": [8, 4], "activation": "relu", "dropout": [0.5, 0.0]}
SMALL_RECURRENT = {
    "cell": "lstm",
    "units": [6, 4],
    "dropout": 0.5,
    "recurrent_dropout": 0.25,
}

# architecture, hyperparameters, input shape, classes, divide by
MEMBERS = [
    pytest.param("mlp", SMALL_MLP, (5,), 3, None, id="mlp"),
    pytest.param("mlp", {"hidden": [], "activation": "relu"}, (5,), 2, None, id="none"),
    pytest.param("convnet", SMALL_CONVNET, (8, 8, 1), 3, 16.0, id="convnet"),
    pytest.param("recurrent", SMALL_RECURRENT, (5, 3), 3, None, id="sequences"),
    pytest.param(
        "recurrent", {"cell": "gru", "units": [4]}, (8, 6, 1), 3, 16.0, id="rows"
    ),
    pytest.param(
        "recurrent", {"cell": "simple_rnn", "units": [4]}, (5, 3), 2, None, id="simple"
    ),
]


def _build(architecture, values, shape, classes, divide_by, loss=None):
    loss = loss or (
        "categorical_crossentropy" if classes > 2 else "binary_crossentropy"
    )
    return build_model(_section(architecture, values), shape, classes, divide_by, loss)


def _section(architecture, values):
    section = {"architecture": architecture, "seed": 1, **values}
    return parse(Model, section, "params.yaml", ("model",))


@pytest.mark.parametrize(
    "member", [m.values for m in MEMBERS], ids=[m.id for m in MEMBERS]
)
class TestEveryArchitecture:
    def test_same_seed_same_bytes_and_same_predictions_after_loading(
        self, member, tmp_path
    ):
        first, second = _build(*member), _build(*member)
        save_model(first, tmp_path / "first.keras")
        save_model(second, tmp_path / "second.keras")
        contents = [(tmp_path / f"{n}.keras").read_bytes() for n in ("first", "second")]
        digests = {hashlib.sha256(content).hexdigest() for content in contents}
        assert len(digests) == 1

        x = np.random.default_rng(0).integers(0, 16, (7, *member[2])).astype("float32")
        loaded = load_model(tmp_path / "first.keras")
        expected = predict_probabilities(first, x)
        assert np.array_equal(predict_probabilities(loaded, x), expected)
        assert expected.shape == (7, member[3])
        assert np.allclose(expected.sum(axis=1), 1, atol=1e-6)

    def test_one_step_moves_every_weight_tensor(self, member):
        model = _build(*member)
        before = model.get_weights()
        loss = "categorical_crossentropy" if member[3] > 2 else "binary_crossentropy"
        model.compile("sgd", loss)
        rng = np.random.default_rng(0)
        x = rng.uniform(0, 16, (64, *member[2])).astype("float32")
        classes = rng.integers(0, member[3], 64)
        y = np.eye(member[3])[classes] if member[3] > 2 else classes[:, None]
        model.train_on_batch(x, y)
        moved = [
            not np.array_equal(old, new)
            for old, new in zip(before, model.get_weights(), strict=True)
        ]
        assert all(moved)

    def test_another_seed_gives_other_weights(self, member):
        architecture, values, shape, classes, divide_by = member
        other = Model(architecture=architecture, seed=2, **values)
        loss = "categorical_crossentropy" if classes > 2 else "binary_crossentropy"
        weights = build_model(other, shape, classes, divide_by, loss).get_weights()
        assert not np.array_equal(weights[0], _build(*member).get_weights()[0])


def test_published_parameter_counts():
    vgg = _build("convnet", VGG_LITE, (28, 28, 1), 10, 255.0)
    rows = {layer.name: layer.count_params() for layer in vgg.layers}
    assert vgg.count_params() == 584_170
    assert rows["block3_conv2"] == 147_584
    assert rows["fc1"] == 295_168
    assert rows["predictions"] == 2_570
    weather = {"hidden": [2], "activation": "softplus"}
    assert _build("mlp", weather, (1,), 2, None).count_params() == 7
    for cell, units, count in [
        ("lstm", [16], 2_001),
        ("lstm", [32], 6_049),
        ("gru", [32, 32], 10_977),
    ]:
        values = {"cell": cell, "units": units}
        assert _build("recurrent", values, (120, 14), 2, None).count_params() == count


def test_dropout_stands_after_the_first_two_pools_and_the_flattening():
    values = VGG_LITE | {"dropout": {"blocks": [0.25, 0.25], "dense": 0.4}}
    model = _build("convnet", values, (28, 28, 1), 10, 255.0)
    names = [layer.name for layer in model.layers]
    for earlier, dropout in [
        ("block1_pool", "block1_dropout"),
        ("block2_pool", "block2_dropout"),
        ("flatten", "flatten_dropout"),
    ]:
        assert names.index(dropout) == names.index(earlier) + 1
    rates = {n: model.get_layer(n).rate for n in names if n.endswith("dropout")}
    assert rates == {
        "block1_dropout": 0.25,
        "block2_dropout": 0.25,
        "flatten_dropout": 0.4,
    }
    assert model.count_params() == 584_170


def test_the_output_stays_float32_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = _build("mlp", SMALL_MLP, (5,), 3, None)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("hidden1").compute_dtype == "bfloat16"
    assert model.get_layer("predictions").compute_dtype == "float32"


@pytest.mark.parametrize(
    ("architecture", "values", "rule"),
    [
        ("perceptron", {}, "must name a module"),
        ("head", {}, "must name a module"),
        ("mlp", SMALL_MLP | {"hiden": [3]}, "the key is unknown"),
        ("mlp", {"activation": "relu"}, "model.hidden is required"),
        ("mlp", SMALL_MLP | {"dropout": [1.5, 0.0]}, "model.dropout.0=1.5"),
        ("mlp", SMALL_MLP | {"dropout": [0.5]}, "one rate per hidden layer"),
        ("convnet", SMALL_CONVNET | {"kernel": "3"}, "model.kernel"),
        ("convnet", SMALL_CONVNET | {"blocks": [[]]}, "model.blocks.0"),
        ("recurrent", SMALL_RECURRENT | {"cell": "rnn"}, "model.cell"),
        ("recurrent", SMALL_RECURRENT | {"units": []}, "model.units"),
    ],
)
def test_bad_hyperparameters_are_named(architecture, values, rule):
    with pytest.raises(WrongUseError, match=rule):
        check(_section(architecture, values))


def test_a_net_too_deep_for_its_images_is_named():
    values = SMALL_CONVNET | {"blocks": [[2]] * 5, "padding": "valid"}
    with pytest.raises(WrongUseError, match="must fit its input of shape"):
        _build("convnet", values, (8, 8, 1), 3, None)


def test_a_recurrent_net_needs_steps():
    with pytest.raises(WrongUseError, match=r"shape \(5,\).*expected ndim=3"):
        _build("recurrent", SMALL_RECURRENT, (5,), 3, None)


def test_a_damaged_archive_is_named(tmp_path):
    path = tmp_path / "model.keras"
    save_model(_build("mlp", SMALL_MLP, (5,), 3, None), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(WrongUseError, match="must be a Keras archive"):
        load_model(path)
    with pytest.raises(WrongUseError, match="must be a Keras archive"):
        load_model(tmp_path / "absent.keras")
