"""Outputs of a net: a prediction P of the last layer's Z, a cost J, and dJ/dZ.

The costs are computed from Z, not from P, so that a prediction of 0 or 1 costs a
finite number and no constant has to keep logarithms from zero. For the sigmoid with the
binary and for the softmax with the categorical cross-entropy dJ/dZ = (P - Y) / m
(Bishop, "Pattern Recognition and Machine Learning", 2006, sections 4.3.2 and 4.3.4).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Output(Protocol):
    """What every output can do; all arrays have the shape (rows, units)."""

    def predict(self, z: Floats) -> Floats:
        """Compute the predictions."""
        ...

    def cost(self, z: Floats, targets: Floats) -> float:
        """Compute the mean cost of the rows."""
        ...

    def slope(self, z: Floats, targets: Floats) -> Floats:
        """Compute the derivative of the cost by Z."""
        ...


class Sigmoid:
    """The probability of the second of two classes; binary cross-entropy."""

    def predict(self, z: Floats) -> Floats:
        """Compute 1 / (1 + exp(-Z))."""
        return sigmoid(z)

    def cost(self, z: Floats, targets: Floats) -> float:
        """Compute the mean of -Y log P - (1 - Y) log(1 - P)."""
        return float(np.mean(np.logaddexp(0, z) - targets * z))

    def slope(self, z: Floats, targets: Floats) -> Floats:
        """Compute (P - Y) over the number of targets."""
        return (self.predict(z) - targets) / z.size


class Softmax:
    """The probabilities of the classes; categorical cross-entropy."""

    def predict(self, z: Floats) -> Floats:
        """Compute exp(Z) over its sum."""
        return np.exp(z - _log_sum_exp(z))

    def cost(self, z: Floats, targets: Floats) -> float:
        """Compute the mean of the sums of -Y log P."""
        return float(-np.sum(targets * (z - _log_sum_exp(z))) / len(z))

    def slope(self, z: Floats, targets: Floats) -> Floats:
        """Compute (P - Y) / m."""
        return (self.predict(z) - targets) / len(z)


@dataclass(frozen=True)
class SigmoidSoftmax:
    """The softmax of A = sigmoid(Z); categorical cross-entropy.

    No input can bring this cost below log(1 + (classes - 1) / e): A is between 0 and 1.

    Attributes:
        straight_through: Take the slope of the sigmoid for 1, which is no gradient
            (the straight-through estimator of Bengio, Leonard and Courville,
            arXiv:1308.3432).
    """

    straight_through: bool = False

    def predict(self, z: Floats) -> Floats:
        """Compute exp(A) over its sum."""
        return Softmax().predict(sigmoid(z))

    def cost(self, z: Floats, targets: Floats) -> float:
        """Compute the mean of the sums of -Y log P."""
        return Softmax().cost(sigmoid(z), targets)

    def slope(self, z: Floats, targets: Floats) -> Floats:
        """Compute (P - Y) / m * A (1 - A); straight through, without the last part."""
        a = sigmoid(z)
        slope = Softmax().slope(a, targets)
        return slope if self.straight_through else slope * a * (1 - a)


class Linear:
    """Numbers; mean squared error."""

    def predict(self, z: Floats) -> Floats:
        """Return Z."""
        return z

    def cost(self, z: Floats, targets: Floats) -> float:
        """Compute the mean of (Z - Y)^2."""
        return float(np.mean((z - targets) ** 2))

    def slope(self, z: Floats, targets: Floats) -> Floats:
        """Compute 2 (Z - Y) over the number of targets."""
        return 2 * (z - targets) / z.size


class Tanh:
    """Numbers between -1 and 1; half of the squared error."""

    def predict(self, z: Floats) -> Floats:
        """Compute tanh(Z)."""
        return np.tanh(z)

    def cost(self, z: Floats, targets: Floats) -> float:
        """Compute the mean of (P - Y)^2 / 2."""
        return float(np.mean((self.predict(z) - targets) ** 2) / 2)

    def slope(self, z: Floats, targets: Floats) -> Floats:
        """Compute (P - Y) (1 - P^2) over the number of targets."""
        predicted = self.predict(z)
        return (predicted - targets) * (1 - predicted**2) / z.size


def sigmoid(z: Floats) -> Floats:
    """Compute 1 / (1 + exp(-Z)) without an overflow."""
    return np.exp(-np.logaddexp(0, -z))


def _log_sum_exp(z: Floats) -> Floats:
    return np.logaddexp.reduce(z, axis=1, keepdims=True)
