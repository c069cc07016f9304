"""The irregular architectures against a forward pass of our own, written in NumPy.

Padding is PyTorch's: convolutions are surrounded by zeros, pools by minus infinity,
evenly on all sides.
"""

import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from irregular import CASES
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.params.model import Model
from pedigree.sections import parse


class Weights:
    """The weights of a model by the names of its layers."""

    def __init__(self, model):
        self.model = model

    def __getitem__(self, layer):
        return self.model.get_layer(layer).get_weights()


def windows(x, side, stride, border, value):
    """Shape (images, rows, columns, channels, side, side)."""
    edges = [(0, 0), (border, border), (border, border), (0, 0)]
    padded = np.pad(x, edges, constant_values=value)
    return sliding_window_view(padded, (side, side), (1, 2))[:, ::stride, ::stride]


def convolve(x, weights, stride=1, border=0):
    kernel, bias = weights
    seen = windows(x, len(kernel), stride, border, 0.0)
    return np.einsum("nrcihw,hwio->nrco", seen, kernel) + bias


def max_pool(x, side, stride, border=0):
    return windows(x, side, stride, border, -np.inf).max((4, 5))


def average_pool(x, side):
    return windows(x, side, side, 0, 0.0).mean((4, 5))


def dense(x, weights):
    return x @ weights[0] + weights[1]


def relu(x):
    return np.maximum(x, 0)


def flatten(x):
    return x.reshape(len(x), -1)


def lenet(x, w):
    x = average_pool(np.tanh(convolve(x, w["conv1"], border=2)), 2)
    x = flatten(average_pool(np.tanh(convolve(x, w["conv2"])), 2))
    return np.tanh(dense(np.tanh(dense(x, w["fc1"])), w["fc2"]))


def alexnet(x, w):
    x = max_pool(relu(convolve(x, w["conv1"], stride=4, border=1)), 3, 2)
    x = max_pool(relu(convolve(x, w["conv2"], border=2)), 3, 2)
    x = relu(convolve(x, w["conv3"], border=1))
    x = max_pool(relu(convolve(x, w["conv4"], border=1)), 3, 2)
    return relu(dense(relu(dense(flatten(x), w["fc1"])), w["fc2"]))


def inception(x, w, name):
    narrow3 = relu(convolve(x, w[f"{name}_3x3_narrow"]))
    narrow5 = relu(convolve(x, w[f"{name}_5x5_narrow"]))
    branches = [
        relu(convolve(x, w[f"{name}_1x1"])),
        relu(convolve(narrow3, w[f"{name}_3x3"], border=1)),
        relu(convolve(narrow5, w[f"{name}_5x5"], border=2)),
        relu(convolve(max_pool(x, 3, 1, border=1), w[f"{name}_pool_1x1"])),
    ]
    return np.concatenate(branches, axis=3)


def googlenet(x, w):
    x = relu(convolve(x, w["stem_conv1"], stride=2, border=3))
    x = relu(convolve(max_pool(x, 3, 2, border=1), w["stem_conv2"]))
    x = convolve(x, w["stem_conv3"], border=1)  # without a ReLU
    assert x.max((1, 2)).min() < 0  # zeros around it would make a difference
    x = inception(max_pool(x, 3, 2, border=1), w, "stage1_1")
    x = inception(max_pool(x, 3, 2, border=1), w, "stage2_1")
    return x.max((1, 2))


def normalize(x, weights, epsilon):
    gamma, beta, mean, variance = weights
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def resnet(x, w, epsilon=0.00001):
    x = convolve(x, w["stem_conv"], stride=2, border=3)
    x = max_pool(relu(normalize(x, w["stem_bn"], epsilon)), 3, 2, border=1)
    for name in ("stage1_1", "stage1_2", "stage2_1", "stage2_2"):
        halve = name == "stage2_1"
        y = convolve(x, w[f"{name}_conv1"], stride=2 if halve else 1, border=1)
        y = relu(normalize(y, w[f"{name}_bn1"], epsilon))
        y = convolve(y, w[f"{name}_conv2"], border=1)
        y = normalize(y, w[f"{name}_bn2"], epsilon)
        x = relu(y + (convolve(x, w[f"{name}_shortcut"], stride=2) if halve else x))
    return x.mean((1, 2))


# Larger images than in the other tests, and what NumPy makes of them.
REFERENCES = {
    "lenet": (lenet, (28, 28, 1)),
    "alexnet": (alexnet, (80, 80, 1)),
    "googlenet": (googlenet, (32, 32, 1)),
    "resnet": (resnet, (32, 32, 1)),
}


def build(name, shape, **changes):
    section = {"architecture": name, "seed": 1, **CASES[name][1], **changes}
    model = build_model(
        parse(Model, section, "params.yaml"), shape, None, Head(3, "softmax")
    )
    # Biases and statistics are zeros and ones at first, which would hide mistakes.
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign_add(rng.uniform(-0.3, 0.3, weight.shape).astype("float32"))
    return model


def received(model, layer, images):
    """What a layer receives."""
    part = keras.Model(model.input, model.get_layer(layer).input)
    return np.asarray(part(images))


def draw_images(model):
    shape = (4, *model.input.shape[1:])
    return np.random.default_rng(1).normal(size=shape).astype("float32")


@pytest.mark.parametrize("side", [0, 1], ids=["even", "odd"])
@pytest.mark.parametrize("name", REFERENCES)
def test_the_forward_pass_is_that_of_numpy(name, side):
    reference, (height, width, channels) = REFERENCES[name]
    model = build(name, (height + side, width + side, channels))
    images = draw_images(model)
    expected = reference(images, Weights(model))
    assert np.ptp(expected, axis=0).max() > 0.01, "the images do not count"
    found = received(model, "predictions", images)
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("side", [8, 9])
def test_the_pool_after_negative_values_is_surrounded_by_minus_infinity(side):
    model = build("googlenet", (4 * side, 4 * side, 1))
    layers = [model.get_layer(n) for n in ("stem_pool2", "stem_pool2_stride")]
    pool = keras.Sequential(layers)
    x = np.random.default_rng(2).uniform(-2, -1, (2, side, side, 3)).astype("float32")
    result = np.asarray(pool(x))
    assert np.array_equal(result, max_pool(x, 3, 2, border=1))
    assert result.max() < 0


def test_keras_s_own_padding_is_another_one():
    models = [
        build("resnet", (32, 32, 1), padding=padding)
        for padding in ("symmetric", "same")
    ]
    symmetric, same = (
        received(model, "predictions", draw_images(model)) for model in models
    )
    assert not np.allclose(symmetric, same, rtol=0.01)


def test_an_average_and_a_relu_make_it_googlenet():
    published = {"stem_activation": "relu", "last_pool": "average"}
    model = build("googlenet", (32, 32, 1), **published)
    images = draw_images(model)
    convolved = received(model, "stem_pool2_padding", images)
    pooled = received(model, "stage1_1_1x1", images)
    joined = received(model, "last_pool", images)
    found = received(model, "predictions", images)
    assert convolved.min() == 0
    assert np.array_equal(pooled, max_pool(convolved, 3, 2, border=1))
    assert np.allclose(found, joined.mean((1, 2)), rtol=1e-5)
