"""New rows as raw rows: in the columns and types of the training data."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.raw import ID_COLUMN
from pedigree.errors import RefusedError, WrongUseError
from pedigree.serving.chunks import open_version_rows, read_chunks
from pedigree.serving.version import ServedVersion
from pedigree.tracking.manifest import sha256_of


@dataclass(frozen=True)
class NewData:
    """A file of new rows.

    Attributes:
        name: The name of the file.
        sha256: Its sum.
        table: Its rows as ingest would have written them; a number that a publisher
            gives to rows is left out.
        labelled: Whether they tell what was to be predicted.
    """

    name: str
    sha256: str
    table: pa.Table
    labelled: bool


def read_new_data(
    version: ServedVersion, path: Path, labels: str | None, training: pa.Table
) -> NewData:
    """Read a file of new rows.

    Args:
        version: The model, which says what it takes.
        path: A CSV or Parquet file, as `pedigree predict` reads it.
        labels: The column that tells what was to be predicted, if there is one.
        training: The training data, for the order and the types of the columns.

    Raises:
        WrongUseError: If the file cannot be read, or has no such column of labels or
            no row.
        RefusedError: If a value has another type than its column, or an image is
            missing.
    """
    file = open_version_rows(version, path)
    if labels is not None and labels not in file.names:
        raise WrongUseError(
            f"--labels must name a column of {path.name}. Received: {labels}",
            f"It has {', '.join(file.names[:40])}.",
        )
    parts = []
    for chunk in read_chunks(version, file, [labels] if labels else []):
        raw = chunk.raw
        if version.meta.columns:
            raw = version.model.typed(raw, chunk.first_row)
        if version.model.takes_images:
            _require_images(raw["image"], chunk.first_row)
        raw = _with_target(version, raw, chunk.kept, labels, training.schema)
        parts.append(_like(raw, training.schema))
    if not parts or not sum(part.num_rows for part in parts):
        raise WrongUseError(
            f"{path} must have at least one row. Received: none",
            "Name a file with rows.",
        )
    table = pa.concat_tables(parts)
    return NewData(path.name, sha256_of(path), table, labels is not None)


def _require_images(images: pa.ChunkedArray, first_row: int) -> None:
    missing = np.asarray(pc.is_null(images))
    if missing.any():
        raise RefusedError(
            "the column image must have an image in each row. Received: none in row "
            f"{first_row + int(missing.argmax())}",
            "Leave the row out, or correct it.",
        )


def _with_target(
    version: ServedVersion,
    raw: pa.Table,
    kept: pa.Table,
    labels: str | None,
    schema: pa.Schema,
) -> pa.Table:
    """Add what was to be predicted under its name in the training data."""
    target = version.meta.target
    if labels is None:
        return raw
    kind = schema.field(target).type
    try:
        values = pc.cast(kept[labels], kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise RefusedError(
            f"the column {labels} must hold values of type {kind}, as {target} of the "
            f"training data. Received: {' '.join(str(error).split())}",
            "Correct the column.",
        ) from None
    if target in raw.column_names:
        return raw.set_column(raw.column_names.index(target), target, values)
    return raw.append_column(target, values)


def _like(raw: pa.Table, schema: pa.Schema) -> pa.Table:
    """Put columns into the order and the types of the training data."""
    fields = [
        field
        for field in schema
        if field.name in raw.column_names and field.name != ID_COLUMN
    ]
    columns = {
        field.name: _cast_if_whole(raw[field.name], field.type) for field in fields
    }
    return pa.table(columns)


def _cast_if_whole(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Give a column the type of the training data, unless its values have fractions."""
    try:
        return pc.cast(column, kind)
    except pa.ArrowInvalid:
        return column
