"""Every architecture goes through the same checks; a new one adds a line here."""

import hashlib
from math import prod

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
SMALL_LENET = {"filters": [2, 3], "dense": [8], "activation": "sigmoid"}
SMALL_ALEXNET = {"filters": [4, 4, 4, 4], "dense": [8, 8], "dropout": 0.5}
SMALL_VGG = {
    "blocks": [[8, 1], [16, 2]],
    "width_divisor": 2,
    "dense": [8],
    "dropout": 0.5,
}
SMALL_GOOGLENET = {
    "stem": [4, 4, 6],
    "stem_activation": "linear",
    "stages": [
        [[2, [3, 4], [3, 2], 2], [3, [3, 4], [3, 2], 2]],
        [[4, [3, 4], [3, 4], 2]],
    ],
    "last_pool": "max",
}
SMALL_RESNET = {
    "stem": {"kernel": 7, "stride": 2, "pool": True},
    "stages": [4, 8],
    "blocks": 2,
    "padding": "symmetric",
    "initializer": "glorot_uniform",
    "batch_normalization": {"momentum": 0.9, "epsilon": 0.00001},
}
SMALL_KERAS_RESNET = SMALL_RESNET | {
    "stem": {"kernel": 7, "stride": 1, "pool": False},
    "padding": "same",
    "initializer": "he_normal",
    "l2": 0.0001,
    "batch_normalization": {"momentum": 0.99, "epsilon": 0.001},
    "last_pool": 2,
}
SMALL_AUTOENCODER = {"filters": [4, 2], "kernel": 3}

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
    pytest.param(
        "conv1d", {"filters": [4, 4], "kernel": [3, 2]}, (9, 3), 3, None, id="conv1d"
    ),
    pytest.param("lenet", SMALL_LENET, (12, 12, 1), 3, 16.0, id="lenet"),
    pytest.param("alexnet", SMALL_ALEXNET, (67, 67, 1), 3, 16.0, id="alexnet"),
    pytest.param("vgg", SMALL_VGG, (8, 8, 1), 3, 16.0, id="vgg"),
    pytest.param("googlenet", SMALL_GOOGLENET, (32, 32, 1), 3, 16.0, id="googlenet"),
    pytest.param("resnet", SMALL_RESNET, (32, 32, 1), 3, 16.0, id="resnet"),
    pytest.param("resnet", SMALL_KERAS_RESNET, (8, 8, 1), 3, 16.0, id="keras resnet"),
    pytest.param(
        "resnet_as_printed",
        {"filters": 4, "stages": 3, "l2": 0.0001},
        (8, 8, 1),
        3,
        16.0,
        id="as printed",
    ),
    pytest.param("autoencoder", SMALL_AUTOENCODER, (8, 8, 1), 3, 16.0, id="images"),
]
# They answer with their input, and not with classes.
RECONSTRUCTING = {"autoencoder"}


def _build(architecture, values, shape, classes, divide_by, loss=None):
    loss = loss or _loss(architecture, classes)
    return build_model(_section(architecture, values), shape, classes, divide_by, loss)


def _loss(architecture, classes):
    if architecture in RECONSTRUCTING:
        return "mean_squared_error"
    return "categorical_crossentropy" if classes > 2 else "binary_crossentropy"


def _predict(model, architecture, x):
    if architecture in RECONSTRUCTING:
        return model.predict(x, verbose=0)
    return predict_probabilities(model, x)


def _targets(member, x, rng):
    architecture, _, _, count, divide_by = member
    if architecture in RECONSTRUCTING:
        return x / divide_by
    classes = rng.integers(0, count, len(x))
    return np.eye(count)[classes] if count > 2 else classes[:, None]


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
        expected = _predict(first, member[0], x)
        assert np.array_equal(_predict(loaded, member[0], x), expected)
        if member[0] in RECONSTRUCTING:
            assert expected.shape == x.shape
        else:
            assert expected.shape == (7, member[3])
            assert np.allclose(expected.sum(axis=1), 1, atol=1e-6)

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
        architecture, values, shape, classes, divide_by = member
        other = Model(architecture=architecture, seed=2, **values)
        loss = _loss(architecture, classes)
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


INCEPTIONS = [
    [[64, [96, 128], [16, 32], 32], [128, [128, 192], [32, 96], 64]],
    [
        [192, [96, 208], [16, 48], 64],
        [160, [112, 224], [24, 64], 64],
        [128, [128, 256], [24, 64], 64],
        [112, [144, 288], [32, 64], 64],
        [256, [160, 320], [32, 128], 128],
    ],
    [[256, [160, 320], [32, 128], 128], [384, [192, 384], [48, 128], 128]],
]
ALEXNET = {
    "filters": [96, 256, 384, 384, 256],
    "dense": [4096, 4096],
    "dropout": 0.5,
}
VGG_11 = {
    "blocks": [[64, 1], [128, 1], [256, 2], [512, 2], [512, 2]],
    "dense": [4096, 4096],
    "dropout": 0.5,
}
RESNET_18 = SMALL_RESNET | {"stages": [64, 128, 256, 512]}
PUBLISHED = [
    (
        "lenet",
        {"filters": [6, 16], "dense": [120, 84], "activation": "sigmoid"},
        (28, 28, 1),
        10,
        (61_706, 0),
        {"pool1": (14, 14, 6), "pool2": (5, 5, 16), "flatten": (400,)},
    ),
    (
        "alexnet",
        ALEXNET,
        (224, 224, 1),
        10,
        (46_764_746, 0),
        {"conv1": (54, 54, 96), "flatten": (6400,)},
    ),
    (
        "alexnet",
        {"filters": [64, 128, 256], "dense": [1024, 512], "dropout": 0.5},
        (224, 224, 1),
        10,
        (7_592_458, 0),
        {"pool3": (5, 5, 256)},
    ),
    (
        "vgg",
        VGG_11 | {"width_divisor": 1},
        (224, 224, 1),
        10,
        (128_806_154, 0),
        {"block5_pool": (7, 7, 512)},
    ),
    (
        "vgg",
        VGG_11 | {"width_divisor": 4},
        (224, 224, 1),
        10,
        (43_093_322, 0),
        {"block5_pool": (7, 7, 128)},
    ),
    (
        "googlenet",
        SMALL_GOOGLENET | {"stem": [64, 64, 192], "stages": INCEPTIONS},
        (96, 96, 1),
        10,
        (5_977_530, 0),
        {
            "stem_conv1": (48, 48, 64),
            "stem_pool1": (24, 24, 64),
            "stem_pool2_stride": (12, 12, 192),
            "stage1_2_join": (12, 12, 480),
            "stage2_5_join": (6, 6, 832),
            "stage3_2_join": (3, 3, 1024),
            "last_pool": (1024,),
        },
    ),
    (
        "resnet",
        RESNET_18,
        (96, 96, 1),
        10,
        (11_178_378, 7_808),
        {
            "stem_conv": (48, 48, 64),
            "stem_pool": (24, 24, 64),
            "stage1_2_relu2": (24, 24, 64),
            "stage2_2_relu2": (12, 12, 128),
            "stage3_2_relu2": (6, 6, 256),
            "stage4_2_relu2": (3, 3, 512),
        },
    ),
    (
        "resnet",
        SMALL_KERAS_RESNET | {"stages": [64, 128, 256, 512]},
        (28, 28, 1),
        5,
        (11_183_493, 7_808),
        {"stem_relu": (28, 28, 64), "stage4_2_relu2": (4, 4, 512), "flatten": (2048,)},
    ),
    (
        "resnet_as_printed",
        {"filters": 64, "stages": 4, "l2": 0.0001},
        (28, 28, 1),
        5,
        (91_205, 384),
        {"stage4_shortcut": (4, 4, 64), "flatten": (256,)},
    ),
    (
        "autoencoder",
        {"filters": [256, 128], "kernel": 3},
        (28, 28, 1),
        5,
        (742_657, 0),
        {"encoded_layer": (7, 7, 128), "reconstruction": (28, 28, 1)},
    ),
]


@pytest.mark.parametrize(
    ("architecture", "values", "shape", "classes", "counts", "outputs"), PUBLISHED
)
def test_published_sizes_have_their_counts_and_shapes(
    architecture, values, shape, classes, counts, outputs
):
    # Inside this scope weights have shapes and no values.
    with keras.StatelessScope(initialize_variables=False):
        model = _build(architecture, values, shape, classes, 255.0)
    weights = (model.trainable_weights, model.non_trainable_weights)
    assert tuple(sum(prod(w.shape) for w in each) for each in weights) == counts
    assert {n: model.get_layer(n).output.shape[1:] for n in outputs} == outputs


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
        ("conv1d", {"filters": [8], "kernel": [3, 2]}, "one value for each of"),
        ("lenet", SMALL_LENET | {"filters": [6]}, "model.filters"),
        ("alexnet", SMALL_ALEXNET | {"filters": [4, 4]}, "model.filters"),
        ("vgg", SMALL_VGG | {"width_divisor": 3}, "must divide the filters"),
        ("googlenet", SMALL_GOOGLENET | {"last_pool": "mean"}, "model.last_pool"),
        ("googlenet", SMALL_GOOGLENET | {"stages": [[[1, 2, 3, 4]]]}, "stages.0.0.1"),
        ("resnet", SMALL_RESNET | {"stem": {"kernel": 7}}, "stem.stride is required"),
        ("resnet", SMALL_RESNET | {"padding": "valid"}, "model.padding"),
    ],
)
def test_bad_hyperparameters_are_named(architecture, values, rule):
    with pytest.raises(WrongUseError, match=rule):
        check(_section(architecture, values))


def test_a_net_too_deep_for_its_images_is_named():
    values = SMALL_CONVNET | {"blocks": [[2]] * 5, "padding": "valid"}
    with pytest.raises(WrongUseError, match="must fit its input of shape"):
        _build("convnet", values, (8, 8, 1), 3, None)


def test_an_autoencoder_needs_sides_that_can_be_halved():
    with pytest.raises(WrongUseError, match="10 x 8 pixels that cannot be halved 2"):
        _build("autoencoder", SMALL_AUTOENCODER, (10, 8, 1), 3, None)


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
