"""What every fitted transform can do."""

from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt
import pyarrow as pa


class Fitted(Protocol):
    """Turns raw rows into what a model takes.

    A module of this package has the functions `fit(parameters, table, train_rows)`,
    `describe_columns(parameters, table)` and `load(folder)`.
    """

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        ...

    @property
    def divide_by(self) -> float | None:
        """What the model divides its input by; None for tables."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features; empty for images."""
        ...

    def apply(self, table: pa.Table) -> npt.NDArray[Any]:
        """Turn raw rows into an array (rows, *input_shape)."""
        ...

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        ...
