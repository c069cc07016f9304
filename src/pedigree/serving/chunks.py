"""A file of rows as the raw rows of a model, in chunks that fit into memory."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pedigree.errors import RefusedError, WrongUseError
from pedigree.serving.header import listed
from pedigree.serving.images import (
    IMAGE_COLUMNS,
    images_from_pixels,
    pixel_columns,
    require_images,
)
from pedigree.serving.rows import RowFile, open_rows, refuse_truths
from pedigree.serving.version import ServedVersion

# The numbers that a model is given at once, in rows of any width.
NUMBERS_AT_ONCE = 2**20
ROWS_AT_ONCE = 2**15


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        raw: As the model takes them, with what is kept beside them.
        kept: As they stand in the file.
        first_row: The number of the first one in the file.
        share: How much of the file has been read, 0 to 1.
    """

    raw: pa.Table
    kept: pa.Table
    first_row: int
    share: float


def open_version_rows(version: ServedVersion, path: Path) -> RowFile:
    """Open a file of rows that a version may answer to.

    Raises:
        WrongUseError: If the file cannot be read.
        RefusedError: If it has none of the columns that the model takes.
    """
    file = open_rows(path, version.table, version.meta.columns)
    wanted = [column.name for column in version.meta.columns]
    if file.names and wanted and not set(wanted) & set(file.names):
        raise RefusedError(
            f"{path} must have the columns that the model takes. Received: "
            f"{listed(file.names)}",
            f"Give them, under their names: {listed(wanted)}.",
        )
    return file


def filled_columns(version: ServedVersion, file: RowFile) -> list[str]:
    """Name the columns that a file lacks, and that the model fills."""
    return [
        column.name
        for column in version.meta.columns
        if column.nullable and column.name not in file.names
    ]


def read_chunks(
    version: ServedVersion, file: RowFile, kept: Sequence[str]
) -> Iterator[Chunk]:
    """Read a file chunk by chunk; a series, whose rows belong together, at once.

    Args:
        version: The model that is to take the rows.
        file: The open file.
        kept: Columns of it to read beside those that the model takes.

    Raises:
        WrongUseError: If the file is malformed, or does not tell the sizes of images
            that may have any.
        RefusedError: If there are not as many pixels as in an image, one is none, or a
            column is of a type that neither numbers nor texts nor images have.
    """
    meta, first_row = version.meta, 0
    pixels: list[str] = []
    needed = [each.name for each in meta.columns if each.name in file.names]
    if version.model.takes_images:
        needed = list(IMAGE_COLUMNS)
        if not set(IMAGE_COLUMNS) <= set(file.names):
            needed = pixels = _pixels(version, file, kept)
    columns = list(dict.fromkeys([*needed, *kept]))
    chunks = file.chunks(columns, rows_at_once(version))
    if meta.windows:
        whole = [chunk for chunk, _ in chunks]
        chunks = iter([(pa.concat_tables(whole), file.total)] if whole else [])
    for chunk, done in chunks:
        raw = chunk
        refuse_truths(chunk, needed)
        if version.model.takes_images and not pixels:
            require_images(chunk, first_row)
        if pixels:
            raw = images_from_pixels(
                chunk, pixels, version.model.image_shape, first_row
            )
        yield Chunk(raw, chunk, first_row, done / file.total)
        first_row += chunk.num_rows


def _pixels(version: ServedVersion, file: RowFile, kept: Sequence[str]) -> list[str]:
    """Find the columns of pixels, of images that all have one size."""
    if version.meta.kind != "image":
        raise WrongUseError(
            f"images of any size must be in the columns {', '.join(IMAGE_COLUMNS)}. "
            f"Received: {', '.join(file.names[:40])}",
            "Write them into a Parquet file as those below `data/raw` are.",
        )
    others = {*kept, version.meta.target}
    return pixel_columns(file.names, version.model.image_shape, others)


def rows_at_once(version: ServedVersion) -> int:
    """Count the rows that a model is given at once."""
    width = math.prod(version.meta.input_shape)
    return max(1, min(ROWS_AT_ONCE, NUMBERS_AT_ONCE // width))
