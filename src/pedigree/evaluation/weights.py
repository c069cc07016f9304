"""All kernels and biases of a model as a table."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.tables import write_csv


def write_weights(weights: Iterable[tuple[str, NDArray[Any]]], path: Path) -> None:
    """Write one line per number: the weight, where in it, and the number.

    Args:
        weights: The name and the values of each weight.
        path: The CSV to write.
    """
    write_csv(
        path,
        ("weight", "index", "value"),
        (
            (name, " ".join(map(str, index)), float(value))
            for name, values in weights
            for index, value in np.ndenumerate(values)
        ),
    )
