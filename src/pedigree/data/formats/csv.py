"""A CSV with one row per example, to typed tables."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pedigree.data.formats.published import published_files
from pedigree.errors import RefusedError
from pedigree.params import CsvTable


def read(table: CsvTable, folder: Path) -> dict[str, pa.Table]:
    """Read one CSV per published split; `.gz` files are decompressed.

    A column is int64 if every text of it is a whole number, double if every text is a
    number, and string otherwise: dates, for one, stay as they are written. Empty
    fields, NaN and the texts in `table.missing` are null.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        A table per split, all with the same columns and types.

    Raises:
        WrongUseError: If a file is missing.
        RefusedError: If a file is not such a CSV, has no row, or the columns of the
            splits differ.
    """
    paths = published_files(table.files, folder)
    texts = {split: _read_texts(table, path) for split, path in paths.items()}
    together = _concatenate(texts, folder)
    typed = pa.table({name: _typed(together[name]) for name in together.column_names})
    tables, start = {}, 0
    for split, part in texts.items():
        tables[split] = typed.slice(start, part.num_rows)
        start += part.num_rows
    return tables


def _read_texts(table: CsvTable, path: Path) -> pa.Table:
    """Read a CSV whose columns all stay text."""
    read_options = pa_csv.ReadOptions(
        skip_rows=table.skip_rows, column_names=table.columns
    )
    # A quoted text may go over several lines; Arrow would cut files between them.
    parse_options = pa_csv.ParseOptions(newlines_in_values=True)
    try:
        with pa_csv.open_csv(
            path, read_options=read_options, parse_options=parse_options
        ) as reader:
            names = reader.schema.names
        convert_options = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=["", *table.missing],
            strings_can_be_null=True,
        )
        texts = pa_csv.read_csv(
            path,
            read_options=read_options,
            parse_options=parse_options,
            convert_options=convert_options,
        )
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise _refuse(path, " ".join(str(error).split())) from None
    if len(set(names)) < len(names):
        raise _refuse(path, f"two columns of one name in {names}")
    if texts.num_rows == 0:
        raise _refuse(path, "no row")
    return texts


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


def _refuse(path: Path, received: str) -> RefusedError:
    return RefusedError(
        f"{path} must be a CSV with one row per example and the columns that "
        f"datasets.{path.parent.name}.table says. Received: {received}",
        "Correct the file, or the section of params.yaml.",
    )
