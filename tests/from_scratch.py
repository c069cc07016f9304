"""The published nets that are written in NumPy, and the data that they need."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_regression

from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor
from pedigree.models.numpy_net import Hyperparameters, build_estimator
from pedigree.params.file import PARAMS_FILE
from pedigree.params.train import NumpyTrain
from pedigree.sections import parse


class Net(NamedTuple):
    """An entry: its hyperparameters, its training, its data and number of classes."""

    model: dict[str, Any]
    train: dict[str, Any]
    x: NDArray[np.float64]
    y: NDArray[Any]
    classes: int | None

    def build(self, **train: Any) -> NumpyClassifier | NumpyRegressor:
        section = {"library": "numpy", **self.train, **train}
        return build_estimator(
            parse(Hyperparameters, self.model, PARAMS_FILE, ("model",)),
            parse(NumpyTrain, section, PARAMS_FILE, ("train",)),
            42,
            self.classes,
        )


def _train(loss: str, learning_rate: float, epochs: int) -> dict[str, Any]:
    return {"loss": loss, "learning_rate": learning_rate, "epochs": epochs}


def _constant(weight: float, bias: float) -> dict[str, Any]:
    return {"kind": "constant", "weight": weight, "bias": bias}


BINARY, CATEGORICAL = "binary_crossentropy", "categorical_crossentropy"
TABLE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND, XOR = np.array([0, 0, 0, 1]), np.array([0, 1, 1, 0])
DECODER = np.arange(4)
# The seeds need a file: any table of seven scaled columns does for a twin.
SEVEN = np.random.default_rng(0).normal(size=(94, 7))
LINE = make_regression(n_samples=200, n_features=1, noise=0.0, random_state=42)

PERCEPTRON = {"hidden": [], "output": "sigmoid", "initial": _constant(0, 0)}
XOR_NET = {
    "hidden": [3],
    "activation": "sigmoid",
    "output": "sigmoid",
    "initial": {
        "kind": "given",
        "weights": [
            [[-0.7, -0.5, -0.1], [-0.7, 0.7, 0.7]],
            [[-0.5], [0.4], [0.9]],
        ],
        "biases": [[0, 0, 0], [0]],
    },
}
DECODER_NET = {"hidden": [], "output": "softmax", "initial": _constant(0.5, 0.6)}
BOTH = DECODER_NET | {"output": "sigmoid_softmax"}
LINEAR = {
    "hidden": [],
    "output": "linear",
    "initial": {"kind": "normal", "stddev": 0.01},
}

NETS = {
    "and_perceptron_sheet": Net(
        PERCEPTRON | {"initial": _constant(10, 10)},
        _train(BINARY, 1, 70),
        TABLE,
        AND,
        2,
    ),
    "and_perceptron_numpy": Net(PERCEPTRON, _train(BINARY, 1.0199, 70), TABLE, AND, 2),
    "seeds_binary_logreg_numpy": Net(
        PERCEPTRON, _train(BINARY, 0.1, 100), SEVEN, (SEVEN[:, 0] > 0).astype(int), 2
    ),
    "linear_regression_numpy": Net(
        LINEAR, _train("mean_squared_error", 0.05, 200), *LINE, None
    ),
    "decoder_softmax_numpy": Net(
        DECODER_NET, _train(CATEGORICAL, 1, 59), TABLE, DECODER, 4
    ),
    "decoder_sigmoid_softmax_numpy": Net(
        BOTH, _train(CATEGORICAL, 1, 59), TABLE, DECODER, 4
    ),
    "decoder_sigmoid_softmax_numpy_as_printed": Net(
        BOTH | {"straight_through": True},
        _train(CATEGORICAL, 1, 59),
        TABLE,
        DECODER,
        4,
    ),
    "xor_mlp_sigmoid_numpy": Net(XOR_NET, _train(BINARY, 3, 70), TABLE, XOR, 2),
    "xor_mlp_tanh_numpy": Net(
        XOR_NET | {"activation": "tanh"}, _train(BINARY, 3, 70), TABLE, XOR, 2
    ),
}
