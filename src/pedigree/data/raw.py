"""Raw data: one Parquet file per published split, written and read alike by all."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pedigree.errors import RefusedError, WrongUseError

# The column of the numbers that a publisher gave to rows. They say nothing of a row, so
# that two rows may differ in them and be equal.
ID_COLUMN = "id"

# The order in which splits are read, and in which their rows are numbered.
SPLITS = ("train", "test", "all")

# The offsets of a binary column are 32 bits wide.
_BYTES_PER_CHUNK = 2**31 - 1
_WIDE_TYPES = {pa.binary(): pa.large_binary(), pa.string(): pa.large_string()}

# How many bytes of images a part of a table holds.
_BYTES_PER_PART = 2**25


def write_split(
    folder: Path, split: str, rows: pa.Table | Iterator[pa.RecordBatch]
) -> None:
    """Write one published split.

    Args:
        folder: `data/raw/<dataset>`; it is made if need be.
        split: `train`, `test` or `all`.
        rows: The rows, or parts of them, which then never are in memory together.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{split}.parquet"
    # No dictionaries: they do not help images, and zstd does their work on tables.
    options = {"compression": "zstd", "use_dictionary": False}
    if isinstance(rows, pa.Table):
        pq.write_table(rows, path, **options)
        return
    first = next(rows)
    with pq.ParquetWriter(path, first.schema, **options) as writer:
        for part in chain([first], rows):
            writer.write_batch(part)


def read_splits(folder: Path) -> dict[str, pa.Table]:
    """Read every published split, in the order `train`, `test`, or `all` alone.

    Raises:
        WrongUseError: If the folder holds no split.
    """
    paths = {split: folder / f"{split}.parquet" for split in SPLITS}
    tables = {
        split: pq.read_table(path) for split, path in paths.items() if path.exists()
    }
    if not tables:
        raise WrongUseError(
            f"{folder} must hold Parquet files of raw data. Received: none",
            f"Run `dvc repro ingest@{folder.name}`.",
        )
    return tables


def take_rows(table: pa.Table, rows: npt.NDArray[np.int64]) -> pa.Table:
    """Take rows in a given order, from more than 2 GiB of images or texts too.

    Args:
        table: Raw rows.
        rows: The numbers of the rows to take.

    Returns:
        Those rows. A column that 32-bit offsets do not reach has 64-bit ones.
    """
    for number, field in enumerate(table.schema):
        wide = _WIDE_TYPES.get(field.type)
        if wide and table[number].nbytes > _BYTES_PER_CHUNK:
            column = table[number].cast(wide)
            table = table.set_column(number, field.name, column)
    return table.take(rows)


def table_of_images(
    images: npt.NDArray[np.uint8], labels: npt.NDArray[np.integer] | None
) -> pa.Table:
    """Put images and labels into a raw table, without copying the images.

    Args:
        images: Shape (rows, height, width) or (rows, height, width, channels).
        labels: Shape (rows,); None if they are missing.

    Returns:
        A table with the columns `image`, `height`, `width`, `channels` and `label`.
    """
    images = np.ascontiguousarray(images, dtype=np.uint8)
    rows, height, width = images.shape[:3]
    channels = images.shape[3] if images.ndim == 4 else 1
    columns = {
        "image": _binary_column(images.reshape(rows, height * width * channels)),
        "height": pa.array(np.full(rows, height, np.int32)),
        "width": pa.array(np.full(rows, width, np.int32)),
        "channels": pa.array(np.full(rows, channels, np.int32)),
        "label": pa.nulls(rows, pa.int64())
        if labels is None
        else pa.array(labels.astype(np.int64)),
    }
    return pa.table(columns)


def batches_of_images(
    images: Iterable[tuple[npt.NDArray[np.uint8], Mapping[str, Any]]],
    further: Mapping[str, pa.DataType],
) -> Iterator[pa.RecordBatch]:
    """Put images of any shapes into parts of a raw table, some megabytes at a time.

    Args:
        images: Each of shape (height, width, channels), with its values of the further
            columns.
        further: The types of the columns behind `image`, `height`, `width` and
            `channels`.

    Yields:
        Rows, in the same order.
    """
    sides = {name: pa.int32() for name in ("height", "width", "channels")}
    schema = pa.schema({"image": pa.binary(), **sides, **further})
    rows: list[dict[str, Any]] = []
    held = 0
    for image, values in images:
        height, width, channels = image.shape
        shape = {"height": height, "width": width, "channels": channels}
        rows.append({"image": image.tobytes(), **shape, **values})
        held += image.nbytes
        if held >= _BYTES_PER_PART:
            yield pa.RecordBatch.from_pylist(rows, schema)
            rows, held = [], 0
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema)


def each_image(
    table: pa.Table, column: str = "image"
) -> Iterator[npt.NDArray[np.uint8]]:
    """Take the images out of a raw table one by one, whatever their shapes.

    Args:
        table: Raw rows.
        column: `image`, or another of images of the same heights and widths, which
            have one channel.

    Yields:
        Views of shape (height, width, channels).

    Raises:
        RefusedError: If an image has not as many bytes as its shape says.
    """
    sides = (table[name].to_pylist() for name in ("height", "width", "channels"))
    for value, *shape in zip(table[column], *sides, strict=True):
        if column != "image":
            shape[2] = 1
        pixels = np.frombuffer(value.as_buffer() or b"", np.uint8)
        if pixels.size != math.prod(shape):
            raise RefusedError(
                f"every image must have height * width * channels = {math.prod(shape)} "
                f"bytes. Received: an image of {pixels.size}",
                "Correct the raw data.",
            )
        yield pixels.reshape(shape)


def table_of_sequences(
    sequences: pa.ListArray, labels: npt.NDArray[np.integer]
) -> pa.Table:
    """Put sequences of tokens and labels into a raw table.

    Args:
        sequences: A list of whole numbers per row.
        labels: Shape (rows,).

    Returns:
        A table with the columns `tokens` and `label`.
    """
    return pa.table({"tokens": sequences, "label": pa.array(labels.astype(np.int64))})


def images_of(table: pa.Table) -> npt.NDArray[np.uint8]:
    """Take the images out of a raw table, without a copy where it is one chunk.

    Args:
        table: Rows with the columns `image`, `height`, `width` and `channels`.

    Returns:
        Shape (rows, height, width, channels); read-only where it is not a copy.

    Raises:
        RefusedError: If there is no row, the images differ in shape, or one has not
            as many bytes as its shape says.
    """
    shapes = table.select(["height", "width", "channels"]).group_by(
        ["height", "width", "channels"]
    )
    distinct = shapes.aggregate([]).to_pylist()
    if len(distinct) != 1:
        raise RefusedError(
            f"the images of a table must have one shape. Received: {len(distinct)} "
            f"shapes in {table.num_rows} rows",
            "Bring the images to one shape before they are ingested.",
        )
    shape = tuple(distinct[0][side] for side in ("height", "width", "channels"))
    chunks = [
        _pixels(chunk, shape) for chunk in table["image"].chunks if len(chunk) > 0
    ]
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def _binary_column(pixels: npt.NDArray[np.uint8]) -> pa.ChunkedArray:
    """Turn an array of shape (rows, bytes) into a binary column."""
    rows, length = pixels.shape
    step = max(1, _BYTES_PER_CHUNK // max(1, length))
    chunks = []
    for start in range(0, rows, step):
        part = pixels[start : start + step]
        offsets = np.arange(len(part) + 1, dtype=np.int32) * np.int32(length)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(part)]
        chunks.append(pa.Array.from_buffers(pa.binary(), len(part), buffers))
    return pa.chunked_array(chunks, type=pa.binary())


def _pixels(images: pa.BinaryArray, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """View a chunk of a binary column as an array of images."""
    length = int(np.prod(shape))
    _, offset_buffer, data = images.buffers()
    wide = pa.types.is_large_binary(images.type)
    offsets = np.frombuffer(offset_buffer, np.int64 if wide else np.int32)
    offsets = offsets[images.offset : images.offset + len(images) + 1]
    if images.null_count or (np.diff(offsets) != length).any():
        raise RefusedError(
            f"every image must have height * width * channels = {length} bytes. "
            "Received: an image of another length",
            "Correct the raw data.",
        )
    pixels = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return pixels.reshape(len(images), *shape)
