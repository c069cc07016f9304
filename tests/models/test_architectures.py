"""Every architecture goes through the same checks; a new one adds a line here."""

import hashlib

import keras
import numpy as np
import pytest

from irregular import CASES, KERAS_RESNET, RECONSTRUCTING, SEGMENTING
from pedigree.errors import WrongUseError
from pedigree.models.architecture import check
from pedigree.models.build import build_model
from pedigree.models.head import head_for
from pedigree.models.keras.archive import load_model, save_model
from pedigree.models.probabilities import probabilities_of
from pedigree.params.model import Model
from pedigree.sections import parse

VGG_LITE = {
    "blocks": [[32, 32], [64, 64], [128, 128]],
    "kernel": [3, 3, 3],
    "padding": ["same", "same", "same"],
    "pool": [2, 2, 2],
    "activation": "relu",
    "dense": [256],
}
SMALL_CONVNET = {
    "blocks": [[4], [4]],
    "kernel": [3, 2],
    "padding": ["same", "valid"],
    "pool": [2, None],
    "activation": "relu",
    "dense": [8],
    "dropout": {"blocks": [0.25], "flatten": 0.4, "dense": [0.5]},
}
NORMALIZED = {"batch_normalization": {"momentum": 0.9, "epsilon": 0.001}}
SMALL_MLP = {"hidden": [8, 4], "activation": "relu", "dropout": [0.5, 0.0]}
PENALISED_MLP = SMALL_MLP | {"activation": "elu", "l2": [0.1, 0.0]} | NORMALIZED
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
    pytest.param("mlp", PENALISED_MLP, (4, 3, 1), 3, 16.0, id="regularised"),
    pytest.param("convnet", SMALL_CONVNET, (8, 8, 1), 3, 16.0, id="convnet"),
    pytest.param(
        "convnet", SMALL_CONVNET | NORMALIZED, (8, 8, 1), 3, 16.0, id="normalised"
    ),
    pytest.param("recurrent", SMALL_RECURRENT, (5, 3), 3, None, id="sequences"),
    pytest.param(
        "recurrent", {"cell": "gru", "units": [4]}, (8, 6, 1), 3, 16.0, id="rows"
    ),
    pytest.param(
        "recurrent", {"cell": "simple_rnn", "units": [4]}, (5, 3), 2, None, id="simple"
    ),
    pytest.param(
        "conv1d", {"filters": [4, 4], "kernel": [3, 2]}, (9, 3), 3, None, id="conv1d"
    ),
    *(
        pytest.param(architecture, values, shape, 3, 16.0, id=architecture)
        for architecture, (shape, values) in CASES.items()
    ),
    pytest.param("resnet", KERAS_RESNET, (8, 8, 1), 3, 16.0, id="keras resnet"),
]


def _build(architecture, values, shape, classes, divide_by, seed=1):
    section = _section(architecture, {**values, "seed": seed})
    target = "input" if architecture in RECONSTRUCTING else None
    head = head_for(_loss(architecture, classes), classes, target=target)
    return build_model(section, shape, divide_by, head)


def _loss(architecture, classes):
    if architecture in RECONSTRUCTING:
        return "mean_squared_error"
    if architecture in SEGMENTING:
        return "sparse_categorical_crossentropy"
    return "categorical_crossentropy" if classes > 2 else "binary_crossentropy"


def _targets(member, x, rng):
    architecture, _, _, count, divide_by = member
    if architecture in RECONSTRUCTING:
        return x / divide_by
    if architecture in SEGMENTING:
        return rng.integers(0, count, x.shape[:3])
    classes = rng.integers(0, count, len(x))
    return np.eye(count)[classes] if count > 2 else classes[:, None]


def _check_probabilities(outputs, classes):
    probabilities = probabilities_of(outputs)
    assert probabilities.shape == (len(outputs), classes)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)


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
        expected = first.predict(x, verbose=0)
        assert np.array_equal(loaded.predict(x, verbose=0), expected)
        if member[0] in RECONSTRUCTING:
            assert expected.shape == x.shape
        elif member[0] in SEGMENTING:
            assert expected.shape == (*x.shape[:3], member[3])
            assert np.allclose(expected.sum(axis=-1), 1, atol=1e-6)
        else:
            _check_probabilities(expected, member[3])

    def test_one_step_moves_every_weight_tensor(self, member):
        model = _build(*member)
        before = model.get_weights()
        model.compile("sgd", _loss(member[0], member[3]))
        rng = np.random.default_rng(0)
        x = rng.uniform(0, 16, (64, *member[2])).astype("float32")
        model.train_on_batch(x, _targets(member, x, rng))
        moved = [
            not np.array_equal(old, new)
            for old, new in zip(before, model.get_weights(), strict=True)
        ]
        assert all(moved)

    def test_another_seed_gives_other_weights(self, member):
        kernels = [
            [np.array(v) for v in model.trainable_variables if "kernel" in v.path]
            for model in (_build(*member), _build(*member, seed=2))
        ]
        assert not np.array_equal(*(each[0] for each in kernels))


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
    values = VGG_LITE | {"dropout": {"blocks": [0.25, 0.25], "flatten": 0.4}}
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


def test_dropout_stands_after_each_dense_layer_that_has_a_rate():
    values = SMALL_CONVNET | {"dense": [8, 6, 4], "dropout": {"dense": [0.5, 0.0]}}
    model = _build("convnet", values, (8, 8, 1), 3, None)
    names = [layer.name for layer in model.layers]
    flat = names.index("flatten")
    assert names[flat + 1 :] == ["fc1", "fc1_dropout", "fc2", "fc3", "predictions"]


def test_each_block_has_a_kernel_a_padding_and_a_pool_of_its_own():
    model = _build("convnet", SMALL_CONVNET, (8, 8, 1), 3, None)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["block1_conv1"] == (8, 8, 4)
    assert shapes["block1_pool"] == (4, 4, 4)
    assert shapes["block2_conv1"] == (3, 3, 4)
    assert "block2_pool" not in shapes
    assert model.get_layer("block1_conv1").kernel_size == (3, 3)
    assert model.get_layer("block2_conv1").kernel_size == (2, 2)


def test_what_is_normalised_is_the_input_of_each_block_and_what_is_flattened():
    values = SMALL_CONVNET | NORMALIZED | {"dropout": None}
    names = [layer.name for layer in _build("convnet", values, (8, 8, 1), 3, 1).layers]
    assert names[2:] == [
        *("block1_norm", "block1_conv1", "block1_pool"),
        *("block2_norm", "block2_conv1"),
        *("norm", "flatten", "fc1", "predictions"),
    ]
    layer = _build("convnet", values, (8, 8, 1), 3, 1).get_layer("norm")
    assert (layer.momentum, layer.epsilon) == (0.9, 0.001)


def test_a_convnet_without_a_top_gives_the_maps_of_its_last_block():
    values = SMALL_CONVNET | {"include_top": False}
    model = _build("convnet", values, (8, 8, 1), 3, None)
    assert model.output_shape == (None, 3, 3, 4)
    assert "predictions" not in [layer.name for layer in model.layers]
    topped = _build("convnet", SMALL_CONVNET | {"include_top": True}, (8, 8, 1), 3, 1)
    assert topped.output_shape == (None, 3)


def test_a_penalty_falls_on_the_kernels_that_have_one():
    model = _build("mlp", PENALISED_MLP, (4, 3, 1), 3, None)
    kernel = np.array(model.get_layer("hidden1").kernel)
    assert np.isclose(sum(model.losses), 0.1 * (kernel**2).sum())
    assert model.get_layer("hidden2").kernel_regularizer is None
    assert model.get_layer("hidden2_norm").epsilon == 0.001
    assert not _build("mlp", SMALL_MLP, (5,), 3, None).losses


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
        ("mlp", SMALL_MLP | {"dropout": [0.5]}, "one value per hidden layer"),
        ("mlp", SMALL_MLP | {"l2": [0.1]}, "l2 must hold one value per hidden"),
        ("mlp", SMALL_MLP | {"l2": [-0.1, 0.0]}, "model.l2.0=-0.1"),
        ("convnet", SMALL_CONVNET | {"kernel": 3}, "model.kernel"),
        ("convnet", SMALL_CONVNET | {"kernel": [3]}, "kernel must hold one value per"),
        ("convnet", SMALL_CONVNET | {"pool": [2]}, "pool must hold one value per"),
        ("convnet", SMALL_CONVNET | {"padding": ["same", "full"]}, "padding.1="),
        (
            "convnet",
            SMALL_CONVNET | {"dropout": {"dense": [0.1, 0.1]}},
            "dropout.dense must not hold more rates than dense",
        ),
        (
            "convnet",
            SMALL_CONVNET | {"dropout": {"blocks": [0.1, 0.1, 0.1]}},
            "dropout.blocks must not hold more rates than blocks",
        ),
        ("convnet", SMALL_CONVNET | {"blocks": [[]]}, "model.blocks.0"),
        ("recurrent", SMALL_RECURRENT | {"cell": "rnn"}, "model.cell"),
        ("recurrent", SMALL_RECURRENT | {"units": []}, "model.units"),
        ("conv1d", {"filters": [8], "kernel": [3, 2]}, "one value for each of"),
    ],
)
def test_bad_hyperparameters_are_named(architecture, values, rule):
    with pytest.raises(WrongUseError, match=rule):
        check(_section(architecture, values), "keras")


def test_the_library_must_train_the_architecture():
    with pytest.raises(WrongUseError, match=r"trains mlp\. Received: numpy") as caught:
        check(_section("mlp", SMALL_MLP), "numpy", ("experiments", "e", "model"))
    assert "experiments.e.model.architecture" in caught.value.remedy


def test_a_net_too_deep_for_its_images_is_named():
    values = SMALL_CONVNET | {
        "blocks": [[2]] * 5,
        "kernel": [3] * 5,
        "padding": ["valid"] * 5,
        "pool": [2] * 5,
    }
    with pytest.raises(WrongUseError, match="must fit its input of shape"):
        _build("convnet", values, (8, 8, 1), 3, None)


def test_a_recurrent_net_needs_steps():
    with pytest.raises(WrongUseError, match=r"shape \(5,\).*expected ndim=3"):
        _build("recurrent", SMALL_RECURRENT, (5,), 3, None)
