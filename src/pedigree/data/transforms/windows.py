"""A series, to windows of its rows and the number that comes later."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Column, Windows, cut_windows
from pedigree.data.raw import take_rows
from pedigree.errors import RefusedError
from pedigree.params.features import WindowsTransform

PARAMETERS_FILE = "windows.json"
FITTED_FILE = "normalization.json"

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Normalization:
    """What each column is normalised by.

    Attributes:
        mean: What is taken from its values.
        deviation: What they are divided by then; 1 for a column that does not vary.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class Fitted:
    """The transform of one series.

    Attributes:
        parameters: The section of params.yaml it was fitted with.
        normalization: What its columns are normalised by.
    """

    parameters: WindowsTransform
    normalization: Normalization
    divide_by: ClassVar[None] = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the features."""
        return self.parameters.columns

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Steps and features of a window."""
        return (self.parameters.sequence_length, len(self.feature_names))

    @property
    def windows(self) -> Windows:
        """How the windows are cut out of the series."""
        feature = self.feature_names.index(self.parameters.target.column)
        return Windows(
            self.parameters.sampling_rate,
            self.parameters.delay,
            feature,
            self.normalization.mean[feature],
            self.normalization.deviation[feature],
        )

    def apply(self, table: pa.Table) -> npt.NDArray[np.float32]:
        """Cut out all windows of raw rows, the first one first.

        Args:
            table: Rows of a series in their order, one after the other without a gap.

        Returns:
            Shape (rows - span, steps, features): a view, see `cut_windows`.

        Raises:
            RefusedError: If there are too few rows, or a column is missing or holds
                anything but finite numbers.
        """
        span = self.parameters.span
        if table.num_rows <= span:
            raise RefusedError(
                f"a series must have at least {span + 1} rows, those of one window. "
                f"Received: {table.num_rows}",
                "Give earlier rows too.",
            )
        steps, rate = self.parameters.sequence_length, self.parameters.sampling_rate
        windows: npt.NDArray[np.float32] = cut_windows(self.series(table), steps, rate)
        return windows

    def series(self, table: pa.Table) -> npt.NDArray[np.float32]:
        """Normalise raw rows.

        Returns:
            Shape (rows, features).

        Raises:
            RefusedError: If a column is missing or holds anything but finite numbers.
        """
        series = np.empty((table.num_rows, len(self.feature_names)), np.float32)
        scales = zip(self.normalization.mean, self.normalization.deviation, strict=True)
        for place, (mean, deviation) in enumerate(scales):
            numbers = _numbers(table, self.feature_names[place])
            series[:, place] = (numbers - mean) / deviation
        return series

    def predicted(self, rows: Rows, all_rows: int) -> Rows:
        """Tell which row each window of a split predicts, the first window first.

        A window lies in the rows of its split whatever `crossing` says. With `keep`,
        the rule is that of `keras.utils.timeseries_dataset_from_array` on
        `data[:-delay]` and `targets[delay:]`, from the first row of the split to its
        last: the row to predict may lie in the next split, and at the end of the series
        as many rows as a window spans are predicted by none.

        Args:
            rows: The numbers of the rows of the split.
            all_rows: The number of rows of the whole series.

        Raises:
            RefusedError: If the rows have gaps, or are too few for one window.
        """
        if (np.diff(rows) != 1).any():
            raise RefusedError(
                "the rows of a split must follow each other where windows are cut out "
                f"of them. Received: gaps between {rows.min()} and {rows.max()}",
                "Set `split` in params.yaml to the method ordered, and its duplicates "
                "to keep or refuse.",
            )
        first, after = int(rows[0]), int(rows[-1]) + 1
        delay = self.parameters.delay
        if self.parameters.crossing == "drop":
            end = after - delay
        else:
            end = min(after, all_rows - delay) - self.parameters.span
        if end <= first:
            raise RefusedError(
                "a split must have rows for a window and for what it predicts, "
                f"{delay} rows after its first. Received: {len(rows)} rows",
                "Correct `split` or `transform` in params.yaml, or get more data.",
            )
        return np.arange(first + delay, end + delay)

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        data = self.parameters.model_dump(mode="json")
        archive.save_json(data, folder / PARAMETERS_FILE)
        archive.save_json(asdict(self.normalization), folder / FITTED_FILE)


def fit(parameters: WindowsTransform, table: pa.Table, train_rows: Rows) -> Fitted:
    """Learn the mean and the standard deviation of each column.

    Args:
        parameters: The section of params.yaml.
        table: All raw rows.
        train_rows: The numbers of the training rows.

    Raises:
        RefusedError: If a column is missing or holds anything but finite numbers.
    """
    train = take_rows(table, train_rows)
    columns = [_numbers(train, name) for name in parameters.columns]
    return Fitted(
        parameters,
        Normalization(
            tuple(float(column.mean()) for column in columns),
            tuple(float(column.std()) or 1.0 for column in columns),
        ),
    )


def describe_columns(
    parameters: WindowsTransform, table: pa.Table
) -> tuple[Column, ...]:
    """Describe the raw columns that a model takes, the predicted one among them."""
    del table
    return tuple(Column(name, "double", nullable=False) for name in parameters.columns)


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    parameters = WindowsTransform.model_validate_json(
        (folder / PARAMETERS_FILE).read_text("utf-8")
    )
    fitted = archive.load_json(folder / FITTED_FILE)
    return Fitted(
        parameters, Normalization(*(tuple(fitted[n]) for n in ("mean", "deviation")))
    )


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """Take a column of finite numbers."""
    if name not in table.column_names:
        raise RefusedError(
            f"the data must have the column {name}. Received: "
            f"{', '.join(table.column_names)}",
            "Correct the columns of `transform` in params.yaml, or the data.",
        )
    column = table[name]
    try:
        numbers: npt.NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise RefusedError(
            f"the column {name} must hold numbers. Received: {error}",
            "Correct the columns of `transform` in params.yaml, or the data.",
        ) from None
    if not np.isfinite(numbers).all():
        raise RefusedError(
            f"the column {name} must hold a finite number in each row: a series has no "
            f"gaps. Received: {np.count_nonzero(~np.isfinite(numbers))} rows without",
            "Correct the data.",
        )
    return numbers
