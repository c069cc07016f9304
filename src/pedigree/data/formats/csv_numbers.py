"""A CSV of numbers alone, read block by block, however long it is."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pedigree.data.formats.published import published_files
from pedigree.errors import RefusedError
from pedigree.params.datasets import CsvNumbersTable

# The text that is parsed at once; the reader keeps a few such blocks in memory.
BLOCK_BYTES = 4 * 2**20


def read(table: CsvNumbersTable, folder: Path) -> dict[str, Iterator[pa.RecordBatch]]:
    """Read one CSV per published split; `.gz` files are decompressed on the way.

    A compressed file is never unpacked to disk, and no more of it is read than the
    rows that are asked for.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        The rows of each split, part by part, with the columns that `table` names: int64
        for those of whole numbers, otherwise of `table.type`.

    Raises:
        WrongUseError: If a file is missing.
        RefusedError: While reading, if a file has no row, fewer than are asked for,
            another number of columns, or a value that is no number.
    """
    paths = published_files(table.files, folder)
    return {split: _read_file(table, path) for split, path in paths.items()}


def _read_file(table: CsvNumbersTable, path: Path) -> Iterator[pa.RecordBatch]:
    read = 0
    wanted = table.rows or float("inf")
    try:
        with pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                column_names=table.columns,
                skip_rows=int(table.header),
                block_size=BLOCK_BYTES,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(table.columns, table.type),
                null_values=[],
            ),
        ) as reader:
            for batch in reader:
                part = batch.slice(0, min(len(batch), wanted - read))
                read += len(part)
                yield _with_whole_numbers(part, table.whole)
                if read == wanted:
                    return
    except (pa.ArrowInvalid, OSError) as error:
        raise _refuse(table, path, " ".join(str(error).split())) from None
    if not read or table.rows:
        raise _refuse(table, path, f"{read or 'no'} rows")


def _with_whole_numbers(
    batch: pa.RecordBatch, names: tuple[str, ...]
) -> pa.RecordBatch:
    """Turn columns into whole numbers; a fraction in them is an error of Arrow."""
    for name in names:
        place = batch.schema.get_field_index(name)
        batch = batch.set_column(place, name, pc.cast(batch[name], pa.int64()))
    return batch


def _refuse(table: CsvNumbersTable, path: Path, received: str) -> RefusedError:
    rows = f"at least {table.rows:,} rows" if table.rows else "rows"
    return RefusedError(
        f"{path} must be a CSV of {rows} with {len(table.columns)} numbers each. "
        f"Received: {received}",
        f"Correct the file, or datasets.{path.parent.name}.table in params.yaml.",
    )
