"""A dense net: its predictions, its cost, and the gradient of that cost.

With the examples as rows of A_0, a layer is A_l = g(Z_l), Z_l = A_(l-1) W_l + b_l, and
the cost J a mean over the m rows. Back-propagation goes from the output down:

    dJ/dW_l = A_(l-1)^T dJ/dZ_l        dJ/db_l = sum over rows of dJ/dZ_l
    dJ/dZ_(l-1) = (dJ/dZ_l W_l^T) * g'(Z_(l-1))

(Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors",
Nature 323, 1986.) The outputs and their dJ/dZ are in `outputs`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pedigree.models.numpy.outputs import Output, sigmoid

Floats = NDArray[np.float64]


class Activation(NamedTuple):
    """An activation g.

    Attributes:
        function: Computes A = g(Z).
        slope: Computes g'(Z) from A.
    """

    function: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


ACTIVATIONS: Mapping[str, Activation] = {
    "sigmoid": Activation(sigmoid, lambda a: a * (1 - a)),
    "tanh": Activation(np.tanh, lambda a: 1 - a**2),
    "linear": Activation(lambda z: z, np.ones_like),
    "relu": Activation(lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(float)),
}


def find_activation(name: str | None) -> Activation:
    """Look up an activation.

    Raises:
        ValueError: If there is none of that name.
    """
    if name is None or name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"activation must be one of {known}. Received: {name}")
    return ACTIVATIONS[name]


@dataclass(frozen=True)
class Network:
    """Dense layers and an output.

    Attributes:
        weights: Per layer, shape (inputs, units).
        biases: Per layer, shape (units,).
        activation: The activation of all layers but the last; None without such.
        output: What the last layer's Z is turned into, and its cost.
    """

    weights: Sequence[Floats]
    biases: Sequence[Floats]
    activation: Activation | None
    output: Output

    def predict(self, x: Floats) -> Floats:
        """Compute the predictions, shape (rows, units of the last layer)."""
        return self.output.predict(self._forward(x)[-1])

    def cost(self, x: Floats, targets: Floats) -> float:
        """Compute the mean cost.

        Args:
            x: Examples, shape (rows, inputs).
            targets: Shape (rows, units of the last layer).
        """
        return self.output.cost(self._forward(x)[-1], targets)

    def gradient(self, x: Floats, targets: Floats) -> tuple[list[Floats], list[Floats]]:
        """Compute the gradient of the cost, in the shapes of weights and of biases."""
        *inputs, z = self._forward(x)
        slope = self.output.slope(z, targets)
        weights, biases = [], []
        for layer in reversed(range(len(self.weights))):
            weights.append(inputs[layer].T @ slope)
            biases.append(slope.sum(axis=0))
            if self.activation and layer:
                slope = slope @ self.weights[layer].T
                slope = slope * self.activation.slope(inputs[layer])
        return weights[::-1], biases[::-1]

    def _forward(self, x: Floats) -> list[Floats]:
        """Compute the input of each layer, and Z of the last one."""
        values = [x]
        for weights, bias in zip(self.weights, self.biases, strict=True):
            if self.activation and len(values) > 1:
                values[-1] = self.activation.function(values[-1])
            values.append(values[-1] @ weights + bias)
        return values
