"""What every fitted transform can do."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.data.prepared import Windows


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


class FittedSeries(Fitted, Protocol):
    """Turns the rows of a series, in their order, into windows.

    `apply` answers to raw rows with the windows that fit into them. What is prepared is
    the series itself, for the windows of a split share its rows.
    """

    @property
    def windows(self) -> Windows:
        """How the windows are cut out of the series."""
        ...

    def series(self, table: pa.Table) -> npt.NDArray[Any]:
        """Turn raw rows into an array (rows, features)."""
        ...

    def predicted(
        self, rows: npt.NDArray[np.int64], all_rows: int
    ) -> npt.NDArray[np.int64]:
        """Tell which row each window of a split predicts, the first window first.

        Args:
            rows: The numbers of the rows of the split.
            all_rows: The number of rows of the whole series.
        """
        ...
