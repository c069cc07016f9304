"""The weights and biases that a training begins with."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def initial_values(
    initial: Mapping[str, Any],
    widths: Sequence[int],
    random: np.random.RandomState,
) -> tuple[list[Floats], list[Floats]]:
    """Make the weights and biases of each layer.

    Args:
        initial: `kind` and its values: `constant` with `weight` and `bias`, `given`
            with `weights` and `biases`, `normal` with `stddev`, in which the weights
            are drawn with the mean 0 and the biases are 0, or `uniform`, in which the
            weights are drawn between `low` and `high` and the biases are `bias`.
        widths: The number of inputs, then of each layer's units.
        random: What is drawn from.

    Returns:
        Per layer the weights, shape (inputs, units), and the biases, shape (units,).

    Raises:
        ValueError: If given values do not fit the widths, or the kind is unknown.
    """
    shapes = list(pairwise(widths))
    match initial["kind"]:
        case "constant":
            weights = [np.full(shape, float(initial["weight"])) for shape in shapes]
            biases = [np.full(units, float(initial["bias"])) for _, units in shapes]
        case "given":
            weights = [np.array(each, np.float64) for each in initial["weights"]]
            biases = [np.array(each, np.float64) for each in initial["biases"]]
        case "normal":
            stddev = initial["stddev"]
            weights = [random.normal(0, stddev, shape) for shape in shapes]
            biases = [np.zeros(units) for _, units in shapes]
        case "uniform":
            ends = initial["low"], initial["high"]
            weights = [random.uniform(*ends, shape) for shape in shapes]
            biases = [np.full(units, float(initial["bias"])) for _, units in shapes]
        case kind:
            raise ValueError(
                "initial.kind must be constant, given, normal or uniform. Received: "
                f"{kind}"
            )
    received = [each.shape for each in weights], [each.shape for each in biases]
    if received != (shapes, [(units,) for _, units in shapes]):
        raise ValueError(
            f"initial.weights must have the shapes {shapes}, one bias per unit. "
            f"Received: {received[0]} with biases {received[1]}"
        )
    return weights, biases
