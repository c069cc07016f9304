"""Tables: numbers filled and scaled, texts one-hot, dates as parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Column
from pedigree.data.raw import take_rows
from pedigree.data.transforms.targets import read_targets
from pedigree.errors import RefusedError
from pedigree.params.features import Dates, Numeric, TabularTransform

if TYPE_CHECKING:
    import pandas as pd

PARAMETERS_FILE = "tabular.json"
FITTED_FILE = "tabular.skops"

# What skops has to be told to trust, beyond scikit-learn's own types: the imputer
# remembers the dtype that it was fitted on.
TRUSTED_TYPES = ("numpy.dtype",)

DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True)
class Fitted:
    """The transform of one dataset's table.

    Attributes:
        parameters: The section of params.yaml it was fitted with.
        transformer: The fitted `sklearn.compose.ColumnTransformer`.
    """

    parameters: TabularTransform
    transformer: Any
    divide_by: None = None

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in their order."""
        return tuple(map(str, self.transformer.get_feature_names_out()))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The number of features."""
        return (len(self.feature_names),)

    @property
    def standardized(self) -> int:
        """How many features, from the first, are standardised by training rows alone.

        The numeric columns come first. What `fit: all` has scaled stays so.
        """
        numeric = self.parameters.numeric
        if not numeric or numeric.scale != "standard" or self.parameters.fit == "all":
            return 0
        return len(numeric.columns)

    def apply(self, table: pa.Table) -> npt.NDArray[np.float32]:
        """Turn raw rows into features.

        Args:
            table: The raw columns that the transform uses; others are left alone.
                Missing values are filled, unknown texts are all zeros.

        Returns:
            Shape (rows, features).

        Raises:
            RefusedError: If a column is missing or has the wrong type.
        """
        frame = _frame(self.parameters, table)
        return np.asarray(self.transformer.transform(frame), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        data = self.parameters.model_dump(mode="json")
        archive.save_json(data, folder / PARAMETERS_FILE)
        archive.save(self.transformer, folder / FITTED_FILE)


def fit(
    parameters: TabularTransform, table: pa.Table, train_rows: npt.NDArray[np.int64]
) -> Fitted:
    """Learn means, scales and categories.

    Args:
        parameters: The section of params.yaml. With `fit: all`, they are learned from
            every row that has something to predict.
        table: All raw rows.
        train_rows: The numbers of the training rows.

    Raises:
        RefusedError: If a column is missing or has the wrong type.
    """
    rows = train_rows
    if parameters.fit == "all":
        rows = read_targets(parameters, table).known
    transformer = _transformer(parameters)
    transformer.fit(_frame(parameters, take_rows(table, rows)))
    return Fitted(parameters, transformer)


def describe_columns(
    parameters: TabularTransform, table: pa.Table
) -> tuple[Column, ...]:
    """Describe the raw columns that a model takes: all but the predicted one.

    Whole numbers are called double where some are missing: a caller can only give the
    gaps as NaN.
    """
    predicted = parameters.label or parameters.target
    assert predicted
    return tuple(
        Column(name, _type_name(table[name]), table[name].null_count > 0)
        for name in table.column_names
        if name != predicted.column
    )


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    parameters = TabularTransform.model_validate_json(
        (folder / PARAMETERS_FILE).read_text("utf-8")
    )
    return Fitted(parameters, archive.load(folder / FITTED_FILE, TRUSTED_TYPES))


def _transformer(parameters: TabularTransform) -> Any:
    """Build the transformer; its columns are those of `_frame`."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator
    from sklearn.preprocessing import OneHotEncoder

    parts: list[tuple[str, Any, list[str]]] = []
    if numeric := parameters.numeric:
        columns = list(numeric.columns)
        parts.append(("numeric", _numeric_pipeline(numeric), columns))
        if numeric.flag_missing:
            flags = MissingIndicator(features="missing-only", error_on_new=False)
            parts.append(("missing", flags, columns))
    if categorical := parameters.categorical:
        one_hot = OneHotEncoder(
            handle_unknown="ignore", sparse_output=False, dtype=np.float32
        )
        parts.append(("categorical", one_hot, list(categorical.columns)))
    if dates := parameters.dates:
        as_numbers = Numeric(
            columns=tuple(_date_names(dates)),
            fill="mean",
            scale="standard",
            flag_missing=False,
        )
        columns = list(as_numbers.columns)
        parts.append(("dates", _numeric_pipeline(as_numbers), columns))
    return ColumnTransformer(parts, sparse_threshold=0)


def _numeric_pipeline(numeric: Numeric) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fill = SimpleImputer(strategy=numeric.fill, keep_empty_features=True)
    return (
        make_pipeline(fill, StandardScaler()) if numeric.scale == "standard" else fill
    )


def _frame(parameters: TabularTransform, table: pa.Table) -> "pd.DataFrame":
    """Turn raw columns into numbers and texts that scikit-learn takes."""
    import pandas as pd

    columns: dict[str, npt.NDArray[Any]] = {}
    if parameters.numeric:
        for name in parameters.numeric.columns:
            columns[name] = _numbers(table, name)
    if parameters.categorical:
        for name in parameters.categorical.columns:
            columns[name] = _texts(table, name)
    if parameters.dates:
        columns |= _date_parts(parameters.dates, table)
    series = {
        name: pd.Series(values, copy=False, dtype=values.dtype)
        for name, values in columns.items()
    }
    return pd.DataFrame(series, copy=False)


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """Take a numeric column; a missing value is NaN."""
    column = _column(table, name)
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if not (numeric or column.null_count == len(column)):
        raise _wrong_type(name, "numbers", column)
    numbers: npt.NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy()
    if np.isinf(numbers).any():
        raise _wrong_type(name, "finite numbers", column)
    return numbers


def _texts(table: pa.Table, name: str) -> npt.NDArray[np.object_]:
    """Take a text column; a missing value is None."""
    column = _column(table, name)
    if pa.types.is_floating(column.type) and column.null_count < len(column):
        raise _wrong_type(name, "texts or whole numbers", column)
    texts: npt.NDArray[np.object_] = pc.cast(column, pa.string()).to_numpy()
    return texts.astype(object)


def _date_names(dates: Dates) -> list[str]:
    """Name the features that `_date_parts` makes."""
    circles = {"month", "day", "season"}
    return [
        f"{column}_{part}{suffix}"
        for column in dates.columns
        for part in dates.parts
        for suffix in (("_sin", "_cos") if part in circles else ("",))
    ]


def _date_parts(dates: Dates, table: pa.Table) -> dict[str, npt.NDArray[np.float64]]:
    """Take ISO dates apart; parts that come round again are points on a circle."""
    parts: dict[str, npt.NDArray[np.float64]] = {}
    for name in dates.columns:
        column = _column(table, name)
        try:
            days = pc.cast(pc.cast(column, pa.string()), pa.date32())
        except pa.ArrowInvalid:
            raise _wrong_type(name, "ISO dates (2009-12-31)", column) from None
        for part in dates.parts:
            parts |= _date_part(f"{name}_{part}", part, days)
    return parts


def _date_part(
    name: str,
    part: Literal["year", "month", "day", "season", "days"],
    days: pa.ChunkedArray,
) -> Mapping[str, npt.NDArray[np.float64]]:
    if part == "year":
        return {name: _floats(pc.year(days))}
    if part == "days":  # since 1970-01-01
        return {name: _floats(pc.cast(days, pa.int32()))}
    turns = {
        "month": lambda: _floats(pc.month(days)) / 12,
        "day": lambda: _floats(pc.day(days)) / 31,
        "season": lambda: _floats(pc.day_of_year(days)) / DAYS_OF_A_YEAR,
    }
    angle = 2 * np.pi * turns[part]()
    return {f"{name}_sin": np.sin(angle), f"{name}_cos": np.cos(angle)}


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    floats: npt.NDArray[np.float64] = pc.cast(column, pa.float64()).to_numpy()
    return floats


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise RefusedError(
            f"the data must have the column {name}. Received: "
            f"{', '.join(table.column_names)}",
            "Correct the columns of `transform` in params.yaml, or the data.",
        )
    return table[name]


def _type_name(column: pa.ChunkedArray) -> Literal["double", "long", "string"]:
    if pa.types.is_integer(column.type) and not column.null_count:
        return "long"
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    return "double" if numeric else "string"


def _wrong_type(name: str, wanted: str, column: pa.ChunkedArray) -> RefusedError:
    shown = ", ".join(map(repr, column.drop_null().slice(0, 3).to_pylist()))
    return RefusedError(
        f"the column {name} must hold {wanted}. Received: {column.type} ({shown}, ...)",
        "Correct the columns of `transform` in params.yaml, or the data.",
    )
