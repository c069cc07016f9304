"""A CSV with one image per row, to tables of images."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from pedigree.data.formats.published import published_files
from pedigree.data.raw import ID_COLUMN, table_of_images
from pedigree.errors import RefusedError
from pedigree.params.datasets import CsvImagesTable

# The text that is parsed at once: 133 MB of Fashion-MNIST never are in memory.
BLOCK_BYTES = 8 * 2**20


def read(table: CsvImagesTable, folder: Path) -> dict[str, pa.Table]:
    """Read one CSV per published split, block by block; `.gz` is decompressed.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        A table of grey images per split, as `pedigree.data.raw` describes it. Labels
        are missing in an unlabelled split; with `table.id`, a column `id` is added.

    Raises:
        WrongUseError: If a file is missing.
        RefusedError: If a file has no row, another number of columns, or a value that
            is no whole number (label, id) or not one in 0..255 (pixel).
    """
    paths = published_files(table.files, folder)
    return {split: _read_file(table, split, path) for split, path in paths.items()}


def _read_file(table: CsvImagesTable, split: str, path: Path) -> pa.Table:
    pixels = [f"pixel{n}" for n in range(1, table.height * table.width + 1)]
    labels = [] if split in table.unlabelled else ["label"]
    numbers = [ID_COLUMN, *labels] if table.id else labels
    names = [*labels, *pixels] if table.label == "first" else [*pixels, *labels]
    try:
        with pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                column_names=[ID_COLUMN, *names] if table.id else names,
                skip_rows=int(table.header),
                block_size=BLOCK_BYTES,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={
                    **dict.fromkeys(pixels, pa.uint8()),
                    **dict.fromkeys(numbers, pa.int64()),
                },
                null_values=[],
            ),
        ) as reader:
            tables = [_images(table, pixels, batch) for batch in reader]
    except (pa.ArrowInvalid, OSError) as error:
        cause = " ".join(str(error).split())
        raise _refuse(table, numbers, path, cause) from None
    if not sum(part.num_rows for part in tables):
        raise _refuse(table, numbers, path, "no row")
    return pa.concat_tables(tables)


def _images(
    table: CsvImagesTable, pixels: list[str], batch: pa.RecordBatch
) -> pa.Table:
    columns = [batch[name].to_numpy() for name in pixels]
    images = np.column_stack(columns).reshape(-1, table.height, table.width)
    labelled = "label" in batch.schema.names
    labels = batch["label"].to_numpy() if labelled else None
    rows = table_of_images(images, labels)
    return rows.append_column(ID_COLUMN, batch[ID_COLUMN]) if table.id else rows


def _refuse(
    table: CsvImagesTable, numbers: list[str], path: Path, received: str
) -> RefusedError:
    columns = [f"one {name}" for name in numbers]
    columns.append(f"{table.height * table.width} pixels (0..255)")
    return RefusedError(
        f"{path} must be a CSV with {', '.join(columns)} per row. Received: {received}",
        f"Correct the file, or datasets.{path.parent.name}.table in params.yaml.",
    )
