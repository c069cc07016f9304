"""A CSV with one row per example, to typed tables."""

import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pedigree.data.formats.published import published_files
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import CsvTable, Selection, TimeColumn

# What a file that is no whole archive raises.
DAMAGED_ZIP = (BadZipFile, zlib.error, EOFError)


def read(table: CsvTable, folder: Path) -> dict[str, pa.Table]:
    """Read one CSV per published split.

    `.gz` files are decompressed as they are read, and so is, of a `.zip`, the file that
    bears the archive's own name without that ending.

    A column is int64 if every text of it is a whole number, double if every text is a
    number, and string otherwise: dates, for one, stay as they are written, unless
    `table.time` names the column. Empty fields, NaN and the texts in `table.missing`
    are null. Rows stay in the order of the file, in a time series too.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        A table per split, all with the same columns and types.

    Raises:
        WrongUseError: If a file is missing, or `table` names a column or a row that it
            does not have.
        RefusedError: If a file is not such a CSV, has no row to read, the columns of
            the splits differ, or a time is not written as `table.time` says.
    """
    paths = published_files(table.files, folder)
    texts = {split: _read_texts(table, path) for split, path in paths.items()}
    together = _concatenate(texts, folder)
    typed = pa.table({name: _typed(together[name]) for name in together.column_names})
    if table.time:
        times = _times(together, table.time, folder)
        place = typed.column_names.index(table.time.column)
        typed = typed.set_column(place, table.time.column, times)
    tables, start = {}, 0
    for split, part in texts.items():
        rows = typed.slice(start, part.num_rows)
        tables[split] = _selected(rows, table.select, paths[split])
        start += part.num_rows
    return tables


def _read_texts(table: CsvTable, path: Path) -> pa.Table:
    """Read a CSV whose columns all stay text."""
    read_options = pa_csv.ReadOptions(
        skip_rows=table.skip_rows, column_names=table.columns
    )
    options = {
        "read_options": read_options,
        # A quoted text may go over several lines; Arrow would cut files between them.
        "parse_options": pa_csv.ParseOptions(
            delimiter="\t" if table.separator else ",", newlines_in_values=True
        ),
    }
    try:
        with pa_csv.open_csv(_open(table, path), **options) as reader:
            names = reader.schema.names
        convert_options = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=["", *table.missing],
            strings_can_be_null=True,
        )
        texts = pa_csv.read_csv(
            _open(table, path), convert_options=convert_options, **options
        )
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError, *DAMAGED_ZIP) as error:
        raise _refuse(path, " ".join(str(error).split())) from None
    if len(set(names)) < len(names):
        raise _refuse(path, f"two columns of one name in {names}")
    if texts.num_rows == 0:
        raise _refuse(path, "no row")
    return _without(texts, table.leave_out, path)


def _without(texts: pa.Table, numbers: Sequence[int], path: Path) -> pa.Table:
    """Leave rows out by their numbers."""
    if not numbers:
        return texts
    if max(numbers) >= texts.num_rows:
        raise WrongUseError(
            f"leave_out must name rows of {path}, from 0 to {texts.num_rows - 1}. "
            f"Received: datasets.{path.parent.name}.table.leave_out={[*numbers]}",
            "Correct params.yaml.",
        )
    return texts.take(np.delete(np.arange(texts.num_rows), numbers))


def _selected(rows: pa.Table, select: Selection | None, path: Path) -> pa.Table:
    """Take the rows that have one of the wanted values."""
    if select is None:
        return rows
    if select.column not in rows.column_names:
        raise WrongUseError(
            f"select.column must be a column of {path}. Received: "
            f"datasets.{path.parent.name}.table.select.column={select.column}",
            f"The table has: {', '.join(rows.column_names)}.",
        )
    wanted = pa.array(map(str, select.values), pa.string())
    selected = rows.filter(pc.is_in(pc.cast(rows[select.column], pa.string()), wanted))
    if not selected.num_rows:
        raise _refuse(path, f"no row with {select.column} in {[*select.values]}")
    return selected


def _open(table: CsvTable, path: Path) -> Path | IO[bytes] | pa.BufferReader:
    """Open a file for Arrow, to which each blank is a separator of its own."""
    source = _open_zip(path) if path.suffix == ".zip" else path
    if not table.separator:
        return source
    with pa.input_stream(source) as stream:
        content = stream.read()
    content = re.sub(rb"(?m)^[^\S\n]+|[^\S\n]+$", b"", content)
    return pa.BufferReader(re.sub(rb"[^\S\n]+", b"\t", content))


def _open_zip(path: Path) -> IO[bytes]:
    """Open the file of an archive that bears its name; it is not unpacked to disk."""
    with ZipFile(path) as archive:
        if path.stem not in archive.namelist():
            raise BadZipFile(f"no {path.stem} in the archive")
        return archive.open(path.stem)


def _concatenate(tables: Mapping[str, pa.Table], folder: Path) -> pa.Table:
    """Put the splits one below the other."""
    (first, table), *others = tables.items()
    for split, other in others:
        differing = set(table.column_names) ^ set(other.column_names)
        if differing:
            raise RefusedError(
                f"the splits in {folder} must have the same columns. Received: "
                f"{first} and {split} differ in {', '.join(sorted(differing))}",
                "Correct the files.",
            )
    alike = [other.select(table.column_names) for other in tables.values()]
    return pa.concat_tables(alike)


def _typed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn texts into numbers where all of them are numbers."""
    if texts.null_count == len(texts):
        return texts
    trimmed = pc.utf8_trim_whitespace(texts)
    try:
        return pc.cast(trimmed, pa.int64())
    except pa.ArrowInvalid:
        pass
    try:
        numbers = pc.cast(trimmed, pa.float64())
    except pa.ArrowInvalid:
        return texts
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def _times(texts: pa.Table, time: TimeColumn, folder: Path) -> pa.ChunkedArray:
    """Read the column of times; a missing one stays missing."""
    where = f"datasets.{folder.name}.table.time"
    if time.column not in texts.column_names:
        raise WrongUseError(
            f"the column of times must be one of the table. Received: "
            f"{where}.column={time.column}",
            f"The table has: {', '.join(texts.column_names)}.",
        )
    written = texts[time.column]
    # Not by Arrow, to which the 31st of February is the 3rd of March.
    times = pd.to_datetime(written.to_pandas(), format=time.written, errors="coerce")
    wrong = np.flatnonzero(times.isna() & written.is_valid().to_numpy())
    if len(wrong):
        raise RefusedError(
            f"every time in {folder} must be written as {time.written}. Received: "
            f"{written[wrong[0]].as_py()!r} in row {wrong[0]} (from 0) of "
            f"{time.column}, {len(wrong)} in all",
            f"Correct the file, or {where}.written in params.yaml.",
        )
    return pa.chunked_array([pa.array(times, pa.timestamp("ms"))])


def _refuse(path: Path, received: str) -> RefusedError:
    return RefusedError(
        f"{path} must be a CSV with one row per example and the columns that "
        f"datasets.{path.parent.name}.table says. Received: {received}",
        "Correct the file, or the section of params.yaml.",
    )
