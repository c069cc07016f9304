"""The irregular architectures: published sizes, and hyperparameters that do not fit."""

from math import prod

import keras
import pytest

from irregular import CASES, KERAS_RESNET, RESNET
from pedigree.errors import WrongUseError
from pedigree.models.architecture import check
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.params.model import Model
from pedigree.sections import parse

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
RESNET_18 = RESNET | {"stages": [64, 128, 256, 512]}
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
        CASES["googlenet"][1] | {"stem": [64, 64, 192], "stages": INCEPTIONS},
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
        KERAS_RESNET | {"stages": [64, 128, 256, 512]},
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
    section = {"architecture": architecture, "seed": 1, **values}
    with keras.StatelessScope(initialize_variables=False):
        model = build_model(
            parse(Model, section, "params.yaml"),
            shape,
            255.0,
            Head(classes, "softmax"),
        )
    weights = (model.trainable_weights, model.non_trainable_weights)
    assert tuple(sum(prod(w.shape) for w in each) for each in weights) == counts
    assert {n: model.get_layer(n).output.shape[1:] for n in outputs} == outputs


@pytest.mark.parametrize(
    ("architecture", "changes", "rule"),
    [
        ("lenet", {"filters": [6]}, "model.filters"),
        ("alexnet", {"filters": [4, 4]}, "model.filters"),
        ("vgg", {"width_divisor": 3}, "must divide the filters"),
        ("googlenet", {"last_pool": "mean"}, "model.last_pool"),
        ("googlenet", {"stages": [[[1, 2, 3, 4]]]}, "model.stages.0.0.1"),
        ("resnet", {"stem": {"kernel": 7}}, "model.stem.stride is required"),
        ("resnet", {"padding": "valid"}, "model.padding"),
        ("resnet_as_printed", {"l2": 0.0}, "model.l2"),
        ("autoencoder", {"filters": []}, "model.filters"),
    ],
)
def test_bad_hyperparameters_are_named(architecture, changes, rule):
    values = CASES[architecture][1] | changes
    section = {"architecture": architecture, "seed": 1, **values}
    with pytest.raises(WrongUseError, match=rule):
        check(parse(Model, section, "params.yaml"), "keras")


@pytest.mark.parametrize(
    ("architecture", "shape", "rule"),
    [
        ("autoencoder", (10, 8, 1), "10 x 8 pixels that cannot be halved 2 times"),
        ("alexnet", (28, 28, 1), r"shape \(28, 28, 1\)"),
    ],
)
def test_images_that_are_too_small_are_named(architecture, shape, rule):
    section = {"architecture": architecture, "seed": 1, **CASES[architecture][1]}
    with pytest.raises(WrongUseError, match=rule):
        build_model(
            parse(Model, section, "params.yaml"), shape, None, Head(3, "softmax")
        )
