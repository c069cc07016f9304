"""Every net written in NumPy has the weights of a Keras twin after each step."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from from_scratch import NETS, SEVEN, XOR_NET, Net
from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor

# Nets that no entry has: the third activation, two hidden layers, drawn weights.
OTHERS = {
    "relu": Net(
        XOR_NET
        | {
            "hidden": [4, 3],
            "activation": "relu",
            "initial": {"kind": "normal", "stddev": 0.7},
        },
        {"loss": "binary_crossentropy", "learning_rate": 0.5, "epochs": 20},
        SEVEN,
        np.arange(len(SEVEN)) % 2,
        2,
    ),
    "deep softmax": Net(
        {
            "hidden": [5, 4],
            "activation": "tanh",
            "output": "softmax",
            "initial": {"kind": "normal", "stddev": 0.5},
        },
        {"loss": "categorical_crossentropy", "learning_rate": 0.5, "epochs": 20},
        SEVEN,
        np.arange(len(SEVEN)) % 3,
        3,
    ),
}


@pytest.fixture(autouse=True)
def double_precision() -> Iterator[None]:
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def sigmoid(z: keras.KerasTensor) -> keras.KerasTensor:
    """The sigmoid, written out.

    Of its own one Keras remembers the input, takes that for the logits of a loss that
    asks for logits, and so would train without the sigmoid.
    """
    return 1 / (1 + keras.ops.exp(-z))


def straight_through(z: keras.KerasTensor) -> keras.KerasTensor:
    """The sigmoid, whose slope is taken for 1."""
    return z + keras.ops.stop_gradient(sigmoid(z) - z)


def twin_of(
    net: Net, start: NumpyClassifier | NumpyRegressor
) -> tuple[keras.Model, np.ndarray]:
    """A compiled Keras model with the weights of `start`, and its targets.

    Losses are taken from logits: from probabilities Keras would clip them.
    """
    units = net.classes if net.classes and net.model["output"] != "sigmoid" else 1
    layers = [
        keras.layers.Dense(width, activation=net.model["activation"])
        for width in net.model["hidden"]
    ]
    layers.append(keras.layers.Dense(units))
    if net.model["output"] == "sigmoid_softmax":
        through = net.model.get("straight_through")
        layers.append(keras.layers.Activation(straight_through if through else sigmoid))
    model = keras.Sequential([keras.Input(net.x.shape[1:]), *layers])
    pairs = zip(start.weights_, start.biases_, strict=True)
    model.set_weights([array for pair in pairs for array in pair])
    targets, loss = net.y.reshape(-1, 1), keras.losses.MeanSquaredError()
    if net.model["output"] == "sigmoid":
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
    elif net.classes:
        targets = np.eye(net.classes)[net.y]
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(start.learning_rate), loss, jit_compile=False)
    return model, targets


def steps(net: Net) -> Iterator[tuple[float, float, list, list]]:
    """The cost and the weights after each number of updates, ours beside Keras's."""
    ours = net.build()
    for epoch in ours.iterate(net.x, net.y):
        if epoch == 0:
            twin, targets = twin_of(net, ours)
        else:
            twin.train_on_batch(net.x, targets)
        cost = float(twin.loss(targets, twin(net.x)))
        pairs = zip(ours.weights_, ours.biases_, strict=True)
        arrays = [array for pair in pairs for array in pair]
        yield ours.cost_, cost, arrays, twin.get_weights()


@pytest.mark.parametrize("name", [*NETS, *OTHERS])
def test_the_twin_has_the_same_weights_after_each_step(name: str) -> None:
    net = (NETS | OTHERS)[name]
    costs = set()
    for cost, twin_cost, arrays, twin_arrays in steps(net):
        assert cost == pytest.approx(twin_cost, abs=1e-6, rel=1e-9)
        for array, twin_array in zip(arrays, twin_arrays, strict=True):
            assert twin_array.dtype == np.float64
            np.testing.assert_allclose(array, twin_array, rtol=0, atol=1e-6)
        costs.add(cost)
    assert len(costs) == net.train["epochs"] + 1  # every step moved something
