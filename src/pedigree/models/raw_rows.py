"""A model as it is used: from raw rows to labels and probabilities.

The same for every use of a registered version, and without MLflow, whose import costs
more memory and time than many a model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.prepared import Column, Meta, read_meta
from pedigree.data.raw import table_of_images
from pedigree.errors import RefusedError
from pedigree.models.continuation import continue_texts
from pedigree.models.predictor import (
    OutputKind,
    Predictor,
    load_predictor,
    model_file,
    read_outputs,
)
from pedigree.models.probabilities import probabilities_of

Answers = pd.DataFrame | npt.NDArray[np.float32 | np.uint8]

# The transforms that take images; the others take columns.
IMAGE_KINDS = ("image", "resized_image", "vgg16_features")

_ARROW_TYPES = {
    "double": pa.float64(),
    "long": pa.int64(),
    "string": pa.string(),
    "longs": pa.list_(pa.int64()),
}
_WORDS = {
    "double": "numbers",
    "long": "whole numbers",
    "string": "texts",
    "longs": "lists of whole numbers",
}
_CANNOT = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError)


@dataclass(frozen=True)
class RawRowsModel:
    """Applies the fitted transform to raw rows, then the model.

    Attributes:
        meta: What the rows and the classes of the model are.
        transform: The fitted transform.
        predictor: The model, of what the transform gives.
        kind: What its outputs are.
    """

    meta: Meta
    transform: Any
    predictor: Predictor
    kind: OutputKind

    @property
    def takes_images(self) -> bool:
        """Whether a row is an image."""
        return self.meta.kind in IMAGE_KINDS

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels of an image."""
        shape: tuple[int, ...] = self.transform.image_shape
        return shape

    @property
    def answer_names(self) -> tuple[str, ...]:
        """The columns of the answers; none where they are an array."""
        if self.kind in ("input", "masks"):
            return ()
        if self.kind == "number":
            return ("prediction",)
        if self.kind == "tokens":
            return ("continuation",)
        classes = self.meta.classes or ()
        return ("label", *(f"probability_{name}" for name in classes))

    def answer(self, table: pa.Table, first_row: int = 0) -> Answers:
        """Predict classes or numbers, give back the input, or go on with a text.

        Args:
            table: Raw rows, at least one; columns that the model does not take are
                left alone. Texts that are numbers will do for numbers.
            first_row: The number of the first row, for the words of errors.

        Returns:
            One row per row, or per window of a series: `label`, and
            `probability_<class>` for each class; or `prediction`; or `continuation`;
            or an array: of the input's shape, scaled, or the class index of each pixel,
            shape (rows, height, width).

        Raises:
            RefusedError: If a column or a value cannot be used.
        """
        if not table.num_rows:
            raise RefusedError(
                "there must be at least one row to answer to. Received: none",
                "Give the model rows.",
            )
        if self.meta.columns:
            table = self.typed(table, first_row)
            for column in self.meta.columns:
                _require_values(column, table[column.name], first_row)
        if self.kind == "tokens":
            texts = self.transform.clean(table)
            added = continue_texts(self.predictor, texts, self.meta)
            return pd.DataFrame({"continuation": added})
        outputs = self.predictor(self.transform.apply(table))
        if self.kind == "input":
            return outputs
        if self.kind == "masks":
            return np.asarray(outputs.argmax(axis=-1), np.uint8)
        if self.kind == "number":
            return pd.DataFrame({"prediction": outputs.reshape(len(outputs))})
        return _classified(outputs, self.meta.classes or ())

    def typed(self, table: pa.Table, first_row: int = 0) -> pa.Table:
        """Take the columns that the model takes, and give them their types.

        Args:
            table: Raw rows of a table. A column whose values may be missing may be
                missing too.
            first_row: The number of the first row, for the words of errors.

        Raises:
            RefusedError: If a column is missing, or a value is of another type.
        """
        columns = {}
        for column in self.meta.columns:
            if column.name in table.column_names:
                values = _cast(column, table[column.name], first_row)
            elif column.nullable:
                values = pa.nulls(table.num_rows, _ARROW_TYPES[column.type])
            else:
                raise RefusedError(
                    f"the rows must have the column {column.name}. Received: "
                    f"{', '.join(table.column_names)}",
                    "Give the columns of the training data, under their names.",
                )
            columns[column.name] = values
        return pa.table(columns)

    def from_pandas(self, rows: Any) -> pa.Table:
        """Turn what MLflow hands over into a table of raw rows.

        Args:
            rows: A DataFrame, or uint8 images (rows, height, width, channels).

        Raises:
            RefusedError: If a value is of another type than its column.
        """
        if self.takes_images:
            return table_of_images(rows, None)
        columns = {
            column.name: _from_pandas(column, rows[column.name])
            for column in self.meta.columns
            if column.name in rows
        }
        return pa.table(columns)


def load_raw_rows_model(folder: Path) -> RawRowsModel:
    """Load what a model consists of.

    Args:
        folder: The artifacts of a logged model: `meta.json`, `transform`, the file of
            the model and the one that says what its outputs are.
    """
    meta = read_meta(folder)
    transform = import_module(f"pedigree.data.transforms.{meta.kind}")
    return RawRowsModel(
        meta,
        transform.load(folder / "transform"),
        load_predictor(model_file(folder)),
        read_outputs(folder).kind,
    )


def _classified(
    outputs: npt.NDArray[np.float32], classes: tuple[str, ...]
) -> pd.DataFrame:
    probabilities = probabilities_of(outputs)
    columns = {
        f"probability_{name}": probabilities[:, index]
        for index, name in enumerate(classes)
    }
    labels = np.array(classes)[probabilities.argmax(axis=1)]
    return pd.DataFrame({"label": labels, **columns})


def _from_pandas(column: Column, values: "pd.Series[Any]") -> pa.Array:
    def convert(each: Any) -> pa.Array:
        return pa.Array.from_pandas(each, type=_ARROW_TYPES[column.type])

    try:
        return convert(values)
    except _CANNOT:
        row = _first_misfit(
            lambda row: convert(values.iloc[row : row + 1]), len(values)
        )
        raise _misfit(column, values.iloc[row], row) from None


def _cast(column: Column, values: pa.ChunkedArray, first_row: int) -> pa.ChunkedArray:
    """Give a column its type; texts will do for numbers, numbers not for texts."""
    kind = _ARROW_TYPES[column.type]
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if column.type == "string" and pa.types.is_floating(values.type):
        known = np.flatnonzero(np.asarray(pc.is_finite(values).fill_null(False)))
        if len(known):
            row = int(known[0])
            raise _misfit(column, values[row].as_py(), first_row + row)
        return pa.nulls(len(values), kind)  # pandas: a column without any value
    if column.type in ("double", "long") and pa.types.is_string(values.type):
        values = pc.utf8_trim_whitespace(values)
    try:
        return pc.cast(values, kind)
    except _CANNOT:
        row = _first_misfit(lambda row: pc.cast(values[row], kind), len(values))
        raise _misfit(column, values[row].as_py(), first_row + row) from None


def _require_values(column: Column, values: pa.ChunkedArray, first_row: int) -> None:
    """Refuse a missing value where the training data had none, and infinite ones."""
    missing = np.asarray(pc.is_null(values, nan_is_null=True))
    if missing.any() and not column.nullable:
        raise RefusedError(
            f"the column {column.name} must have a value in each row. "
            f"Received: none in row {first_row + int(missing.argmax())}",
            "Fill the value in: the training data never missed it.",
        )
    if column.type == "double":
        infinite = np.isinf(np.asarray(values))
        if infinite.any():
            row = int(infinite.argmax())
            raise _misfit(column, values[row].as_py(), first_row + row)


def _first_misfit(convert: Callable[[int], object], rows: int) -> int:
    """Find the first row whose value alone cannot be converted."""
    for row in range(rows):
        try:
            convert(row)
        except _CANNOT:
            return row
    raise AssertionError("each value fits, and all together do not")


def _misfit(column: Column, value: Any, row: int) -> RefusedError:
    return RefusedError(
        f"the column {column.name} must hold {_WORDS[column.type]}. "
        f"Received: {value!r} in row {row}",
        "Correct the value.",
    )
