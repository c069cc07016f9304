"""What layers cost, against the published table of AlexNet and against counting."""

import json
from itertools import product
from math import prod

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from irregular import CASES, KERAS_RESNET
from pedigree.cli.analysis import analysis, print_analysis
from pedigree.errors import WrongUseError
from pedigree.models.analysis import analyse, estimate_memory
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.sections import parse

# layer: shape, parameters, outputs, multiply-adds, receptive field, and the shares in
# percent of the parameters, outputs and multiply-adds.
ALEXNET = {
    "conv1": ((54, 54, 96), 11_712, 279_936, 33_872_256, 11, (0.0, 39.1, 3.6)),
    "pool1": ((26, 26, 96), 0, 64_896, 0, 19, (0, 9.1, 0)),
    "conv2": ((26, 26, 256), 614_656, 173_056, 415_334_400, 51, (1.3, 24.1, 44.3)),
    "pool2": ((12, 12, 256), 0, 36_864, 0, 67, (0, 5.1, 0)),
    "conv3": ((12, 12, 384), 885_120, 55_296, 127_401_984, 99, (1.9, 7.7, 13.6)),
    "conv4": ((12, 12, 384), 1_327_488, 55_296, 191_102_976, 131, (2.8, 7.7, 20.4)),
    "conv5": ((12, 12, 256), 884_992, 36_864, 127_401_984, 163, (1.9, 5.1, 13.6)),
    "pool5": ((5, 5, 256), 0, 6_400, 0, 195, (0, 0.9, 0)),
    "fc1": ((4096,), 26_218_496, 4_096, 26_214_400, None, (56.1, 0.6, 2.8)),
    "fc2": ((4096,), 16_781_312, 4_096, 16_777_216, None, (35.9, 0.6, 1.8)),
    "predictions": ((10,), 40_970, 10, 40_960, None, (0.1, 0.0, 0.0)),
}
TRAIN = {
    "library": "keras",
    "loss": "categorical_crossentropy",
    "optimizer": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.0},
    "batch_size": 128,
    "epochs": 10,
    "seed": 0,
    "precision": "float32",
    "xla": False,
}
ADAM = {"name": "adam", "learning_rate": 0.001}


def train(**changes):
    return parse(Train, TRAIN | changes, "params.yaml")


def build(architecture, shape, values, classes=10):
    section = {"architecture": architecture, "seed": 1, **values}
    # Inside this scope weights have shapes and no values.
    with keras.StatelessScope(initialize_variables=False):
        return build_model(
            parse(Model, section, "params.yaml"), shape, 255.0, Head(classes, "softmax")
        )


@pytest.fixture(scope="module")
def alexnet():
    values = {
        "filters": [96, 256, 384, 384, 256],
        "dense": [4096, 4096],
        "dropout": 0.5,
    }
    return build("alexnet", (224, 224, 1), values)


def test_alexnet_costs_what_is_published(alexnet):
    result = analysis(alexnet, train(), [64, 128, 256])
    found = {
        layer["name"]: (
            layer["output_shape"],
            layer["parameters"],
            layer["activations"],
            layer["multiply_adds"],
            layer["receptive_field"] and layer["receptive_field"][0],
            tuple(
                round(100 * layer[f"{name}_share"], 1)
                for name in ("parameters", "activations", "multiply_adds")
            ),
        )
        for layer in result["layers"]
    }
    assert {name: found[name] for name in ALEXNET} == ALEXNET
    others = [row for name, row in found.items() if name not in ALEXNET]
    assert {row[1:4] for row in others} == {(0, 0, 0)}
    assert found["input"][4] == 1
    assert result["totals"] == {
        "parameters": 46_764_746,
        "activations": 716_810,
        "multiply_adds": 938_146_176,
    }


def test_alexnet_needs_the_published_memory(alexnet):
    rows = analysis(alexnet, train(), [64, 128, 256])["memory"]
    assert [row["batch_size"] for row in rows] == [64, 128, 256]
    assert [round(row["activations"]) for row in rows] == [175, 350, 700]
    assert {round(row["parameters"], 1) for row in rows} == {178.4}
    for row in rows:
        assert row["gradients"] == row["parameters"]
        assert row["optimizer"] == 0
        assert row["total"] == pytest.approx(row["activations"] + 356.8, abs=0.02)


def test_mixed_precision_halves_the_activations_alone(alexnet):
    whole, half = (
        analysis(alexnet, train(precision=precision), [64])["memory"][0]
        for precision in ("float32", "mixed_bfloat16")
    )
    assert half["activations"] == pytest.approx(whole["activations"] / 2, abs=0.01)
    assert half["parameters"] == whole["parameters"]


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (keras.optimizers.SGD(0.1), 0),
        (keras.optimizers.SGD(0.1, momentum=0.9), 1),
        (keras.optimizers.RMSprop(0.1), 1),
        (keras.optimizers.Adam(0.1), 2),
    ],
)
def test_the_optimizer_keeps_values_of_each_trainable_weight(optimizer, slots):
    inputs = keras.Input((4,))
    outputs = layers.Dense(3)(layers.BatchNormalization()(inputs))
    model = keras.Model(inputs, outputs)
    memory = estimate_memory(model, analyse(model), optimizer, 2, 4)
    trainable = 4 * 2 + 4 * 3 + 3
    assert memory.parameters == 4 * (trainable + 4 * 2)
    assert memory.gradients == 4 * trainable
    assert memory.optimizer == slots * 4 * trainable
    assert memory.activations == 2 * 4 * (4 + 3)
    parts = (memory.activations, memory.parameters, memory.gradients, memory.optimizer)
    assert memory.total == sum(parts)


def cost_of(layer, shape):
    inputs = keras.Input(shape)
    return analyse(keras.Model(inputs, layer(inputs)))[-1]


SIDES = {
    "side": st.integers(5, 9),
    "channels": st.integers(1, 3),
    "filters": st.integers(1, 3),
    "kernel": st.integers(1, 4),
    "stride": st.integers(1, 3),
    "padding": st.sampled_from(["valid", "same"]),
}


@settings(max_examples=15, deadline=None)
@given(**SIDES)
def test_a_convolution_multiplies_once_per_output_and_weight(
    side, channels, filters, kernel, stride, padding
):
    layer = layers.Conv2D(filters, kernel, strides=stride, padding=padding)
    cost = cost_of(layer, (side, side + 1, channels))
    height, width, _ = cost.output_shape
    counted = 0
    for _ in product(range(height), range(width), range(filters)):
        for _ in product(range(kernel), range(kernel), range(channels)):
            counted += 1
    assert cost.multiply_adds == counted
    assert cost.activations == height * width * filters
    assert cost.parameters == (kernel**2 * channels + 1) * filters


@settings(max_examples=15, deadline=None)
@given(**SIDES)
def test_a_transposed_convolution_multiplies_once_per_input_and_weight(
    side, channels, filters, kernel, stride, padding
):
    layer = layers.Conv2DTranspose(filters, kernel, strides=stride, padding=padding)
    cost = cost_of(layer, (side, side, channels))
    assert cost.multiply_adds == side * side * channels * kernel**2 * filters


@pytest.mark.parametrize(
    ("layer", "shape", "multiply_adds", "activations"),
    [
        (layers.Conv1D(4, 3), (10, 2), 8 * 4 * 3 * 2, 8 * 4),
        (layers.Conv1DTranspose(4, 3, strides=2), (5, 2), 5 * 2 * 3 * 4, 11 * 4),
        (layers.Conv2D(4, 3, groups=2), (6, 6, 2), 16 * 4 * 9, 64),
        (layers.DepthwiseConv2D(3), (6, 6, 2), 16 * 2 * 9, 32),
        (layers.SeparableConv2D(5, 3), (6, 6, 2), 16 * (2 * 9 + 2 * 5), 80),
        (layers.Dense(4), (3,), 12, 4),
        (layers.Dense(4), (5, 3), 5 * 12, 20),
        (layers.SimpleRNN(4), (7, 3), 7 * (3 * 4 + 4 * 4), 28),
        (layers.GRU(4, return_sequences=True), (7, 3), 7 * 3 * (3 * 4 + 4 * 4), 28),
        (layers.LSTM(4), (7, 3), 7 * 4 * (3 * 4 + 4 * 4), 28),
        (layers.BatchNormalization(), (4, 4, 2), 32, 32),
        (layers.MaxPooling2D(2), (4, 4, 2), 0, 8),
        (layers.GlobalMaxPooling2D(), (4, 4, 2), 0, 2),
        (layers.UpSampling2D(2), (4, 4, 2), 0, 128),
        (layers.ReLU(), (4, 4, 2), 0, 0),
        (layers.Activation("tanh"), (4,), 0, 0),
        (layers.Dropout(0.5), (4,), 0, 0),
        (layers.RandomFlip(), (4, 4, 1), 0, 0),
        (layers.Resizing(8, 8), (4, 4, 1), 0, 0),
        (layers.Flatten(), (4, 4, 1), 0, 0),
        (layers.ZeroPadding2D(2), (4, 4, 1), 0, 0),
    ],
    ids=lambda value: value.__class__.__name__,
)
def test_layers_have_their_costs(layer, shape, multiply_adds, activations):
    cost = cost_of(layer, shape)
    assert (cost.multiply_adds, cost.activations) == (multiply_adds, activations)


def test_an_unknown_layer_is_named():
    layer = layers.Embedding(5, 3, name="words")
    with pytest.raises(WrongUseError, match="Received: words, a Embedding"):
        cost_of(layer, (4,))


def measured_field(model, layer):
    """Pixels along one axis that one value of a layer answers to, by trying them."""
    part = keras.Model(model.input, model.get_layer(layer).output)
    side = model.input.shape[1]
    images = np.zeros((side + 1, *model.input.shape[1:]), "float32")
    images[np.arange(side), np.arange(side)] = 1.0  # a bright row each
    outputs = np.asarray(part(images))
    changed = np.abs(outputs[:-1] - outputs[-1]).max((2, 3)) > 0  # by input, output row
    widths = [np.ptp(np.flatnonzero(each)) + 1 for each in changed.T if each.any()]
    return max(widths)


def net(*parts):
    """A chain of layers with positive weights, which nothing cancels out."""
    inputs = outputs = keras.Input((41, 41, 1))
    for number, part in enumerate(parts):
        part.name = f"layer{number}"
        outputs = part(outputs)
    model = keras.Model(inputs, outputs)
    model.set_weights([np.full(w.shape, 0.5, "float32") for w in model.get_weights()])
    return model


CHAINS = {
    "convolutions": lambda: [layers.Conv2D(1, 3), layers.Conv2D(1, 5, strides=2)],
    "pools": lambda: [
        layers.AveragePooling2D(2),
        layers.Conv2D(1, 3, padding="same"),
        layers.AveragePooling2D(3, strides=2),
    ],
    "dilation": lambda: [layers.Conv2D(1, 3, dilation_rate=4), layers.Conv2D(1, 2)],
    "even upsampling": lambda: [
        layers.AveragePooling2D(2),
        layers.UpSampling2D(2),
        layers.Conv2D(1, 2),
    ],
    "upsampling": lambda: [
        layers.Conv2D(1, 3, strides=3),
        layers.UpSampling2D(3),
        layers.Conv2D(1, 3),
        layers.Conv2D(1, 3),
    ],
    "transposed": lambda: [
        layers.Conv2D(1, 3, strides=2),
        layers.Conv2DTranspose(1, 3, strides=2),
        layers.Conv2D(1, 3),
    ],
    "transposed even": lambda: [
        layers.Conv2D(1, 2, strides=2),
        layers.Conv2DTranspose(1, 4, strides=2),
        layers.Conv2DTranspose(1, 2, strides=2),
    ],
}


@pytest.mark.parametrize("chain", CHAINS)
def test_fields_are_those_that_trying_finds(chain):
    model = net(*CHAINS[chain]())
    for cost in analyse(model)[1:]:
        field = measured_field(model, cost.name)
        assert cost.receptive_field == (field, field), cost.name


def test_of_several_ways_the_widest_counts():
    inputs = keras.Input((20, 20, 1))
    narrow = layers.Conv2D(1, 1, strides=2, name="narrow")(inputs)
    wide = layers.Conv2D(1, 5, strides=2, padding="same", name="wide")(inputs)
    joined = layers.Concatenate(name="joined")([narrow, wide])
    added = layers.Add(name="added")([narrow, wide])
    last = layers.Concatenate(name="last")([joined, added])
    fields = {
        cost.name: cost.receptive_field for cost in analyse(keras.Model(inputs, last))
    }
    assert fields["narrow"] == (1, 1)
    assert {fields[n] for n in ("wide", "joined", "added", "last")} == {(5, 5)}


@pytest.mark.parametrize(
    "layer",
    [layers.Flatten(), layers.GlobalAveragePooling2D(), layers.Reshape((4, 8))],
)
def test_what_sees_everything_has_no_field(layer):
    assert cost_of(layers.MaxPooling2D(2), (4, 8, 1)).receptive_field == (2, 2)
    assert cost_of(layer, (4, 8, 1)).receptive_field is None


def test_fields_may_differ_along_the_axes():
    assert cost_of(layers.Conv2D(1, (3, 7)), (9, 9, 1)).receptive_field == (3, 7)


def test_a_nested_model_is_taken_apart_and_shared_weights_count_once():
    inner = net(layers.Conv2D(1, 3), layers.MaxPooling2D(2))
    inner.name = "inner"
    block = keras.Sequential([layers.Conv2D(1, 3, name="c")], name="block")
    inputs = keras.Input((41, 41, 1), name="input")
    outputs = block(inner(inputs))
    outputs = layers.Conv2D(2, 1, name="last")(outputs)
    model = keras.Model(inputs, outputs)
    costs = {cost.name: cost for cost in analyse(model)}
    names = ["input", "inner/layer0", "inner/layer1", "block/c", "last"]
    assert list(costs) == names
    assert [costs[n].receptive_field[0] for n in names] == [1, 3, 4, 8, 8]
    assert sum(cost.parameters for cost in costs.values()) == model.count_params()

    shared = layers.Conv2D(1, 3, name="shared")
    model = keras.Model(inputs, shared(shared(inputs)))
    costs = analyse(model)
    assert [cost.parameters for cost in costs] == [0, 10, 0]
    assert [cost.receptive_field[0] for cost in costs] == [1, 3, 5]


@pytest.mark.parametrize("name", [*CASES, "keras resnet"])
def test_every_architecture_can_be_analysed_and_printed(name, capsys):
    shape, values = CASES.get(name, ((8, 8, 1), KERAS_RESNET))
    model = build(name.removeprefix("keras "), shape, values, 3)
    settings = train(optimizer=ADAM)
    result = analysis(model, settings, [32])
    json.dumps(result, allow_nan=False)
    counted = sum(prod(w.shape) for w in model.weights)
    assert sum(each["parameters"] for each in result["layers"]) == counted
    assert {each["name"] for each in result["layers"]} == {
        layer.name for layer in model.layers
    }
    print_analysis(result, settings)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    assert "…" not in printed
    for layer in model.layers:
        assert layer.name in printed
    assert f"{counted:,}" in printed
    assert "adam" in printed
