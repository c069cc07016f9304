"""What the expectations of a dataset are checked against: one row per example.

A table is checked as it is, a time series with the step from each row to the next.
Images, sequences and lines of text are checked through a frame of statistics, one row
for each, because an expectation speaks of columns and these have none.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.layout import layout_statistics

IMAGE_COLUMN = "image"
MASK_COLUMN = "mask"
TOKEN_COLUMN = "tokens"
LINE_COLUMN = "line"
SHAPE_COLUMNS = ("height", "width", "channels")

# The token of a word that was left out: `oov_char` in the loaders of `keras.datasets`.
LEFT_OUT = 2

# Rows whose tokens are sorted at once: a million of tokens of film reviews.
_ROWS_AT_ONCE = 4096

# Bytes of images that are described at once, so that what is computed of them stays
# small beside them.
_BYTES_AT_ONCE = 2**22

_IMAGE_STATISTICS = (
    *("minimum", "maximum", "mean", "blank"),
    *("blank_rows", "blank_columns", "centre_row", "centre_column"),
)

Pixels = npt.NDArray[np.uint8]
Frames = dict[str, pd.DataFrame]


def frames_to_check(splits: Mapping[str, pa.Table]) -> Frames:
    """Turn raw splits into the frames that expectations are checked against.

    The columns of a table tell what it holds: `image`, `tokens`, `line` alone, or a
    column of times.

    Args:
        splits: The raw table of each published split.

    Returns:
        One frame per split, in the same order. Row numbers count from 0 in each.
    """
    return _describer(next(iter(splits.values())).schema)(splits)


def _describer(schema: pa.Schema) -> Callable[[Mapping[str, pa.Table]], Frames]:
    """Choose how tables of a schema are described."""
    if IMAGE_COLUMN in schema.names:
        return describe_images
    if TOKEN_COLUMN in schema.names:
        return describe_sequences
    if schema.names == [LINE_COLUMN]:
        return describe_lines
    if _time_columns(schema):
        return describe_series
    return describe_tables


def describe_tables(splits: Mapping[str, pa.Table]) -> Frames:
    """Leave tables as they are."""
    return {split: table.to_pandas() for split, table in splits.items()}


def describe_images(splits: Mapping[str, pa.Table]) -> Frames:
    """Describe each image by a row of statistics, whatever the shape of the others.

    The columns of the raw table but the pixels are kept, and these are added:

    - `bytes`: the length of the image, height * width * channels if it is whole
    - `minimum`, `maximum`, `mean`: of its bytes, 0 to 255; missing if it has none
    - `blank`: the share of its bytes that are 0
    - `blank_rows`, `centre_row` and so on: see `pedigree.data.layout`; missing if the
      image has not as many bytes as its shape says
    - `content`: a number that images share if, and only if, their bytes are equal
    - `in_earlier_split`: whether an earlier split has an image of the same bytes
    - where there is a column `mask`, which is not kept either: `mask_bytes`, and
      `mask_minimum`, `mask_maximum` and `mask_distinct`, the number of different values
      of its bytes; missing if it has none

    Args:
        splits: The raw table of each published split.

    Returns:
        One frame per split, in the same order.
    """
    frames = {
        split: table.drop_columns(_pictures(table))
        .to_pandas()
        .assign(**_image_statistics(table), **_mask_statistics(table))
        for split, table in splits.items()
    }
    _add_contents(frames, [table[IMAGE_COLUMN] for table in splits.values()])
    return frames


def describe_sequences(splits: Mapping[str, pa.Table]) -> Frames:
    """Describe each sequence of tokens by a row of statistics.

    The columns of the raw table but the tokens are kept, and these are added. A missing
    token counts as -1, and a missing sequence as one without tokens.

    - `length`: how many tokens it has
    - `first`, `minimum`, `maximum`: of its tokens; missing if it has none
    - `distinct`: how many different tokens it has
    - `most_frequent`: the share of its commonest token; missing if it has none
    - `left_out`: the share of its tokens that are 2, which stands for any word that was
      left out; missing if it has none
    - `content`: a number that sequences share if, and only if, their tokens are equal
    - `in_earlier_split`: whether an earlier split has a sequence of the same tokens

    Args:
        splits: The raw table of each published split.

    Returns:
        One frame per split, in the same order.
    """
    frames, bytes_of_tokens = {}, []
    for split, table in splits.items():
        lengths, tokens = _flat_tokens(table[TOKEN_COLUMN])
        frame = table.drop_columns([TOKEN_COLUMN]).to_pandas()
        frames[split] = frame.assign(**_token_statistics(lengths, tokens))
        bytes_of_tokens.append(_as_bytes(lengths, tokens))
    _add_contents(frames, bytes_of_tokens)
    return frames


def describe_lines(splits: Mapping[str, pa.Table]) -> Frames:
    """Describe each line of a text by a row of statistics.

    The column `line` is kept, and these are added:

    - `length`: how many characters it has
    - `words`: how many words, which white space separates
    - `beyond_ascii`: how many of its characters are not in ASCII
    - `control`: how many of its characters are control characters, such as a tab or a
      carriage return

    Args:
        splits: The raw table of each published split.

    Returns:
        One frame per split, in the same order.
    """
    return {split: _with_line_statistics(table) for split, table in splits.items()}


def describe_series(splits: Mapping[str, pa.Table]) -> Frames:
    """Leave the rows of a time series as they are, and add how far they are apart.

    - `step`: the seconds since the previous row, negative where the order is broken;
      missing in the first row, and where one of the two times is missing

    Args:
        splits: The raw table of each published split, with a column of times.

    Returns:
        One frame per split, in the same order. Each begins anew.
    """
    frames = describe_tables(splits)
    for split, frame in frames.items():
        time = _time_columns(splits[split].schema)[0]
        frame["step"] = frame[time].diff().dt.total_seconds()
    return frames


def _time_columns(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if pa.types.is_timestamp(field.type)]


# --- what several describe ----------------------------------------------------------


def _add_contents(frames: Frames, columns: list[pa.ChunkedArray]) -> None:
    """Add `content` and `in_earlier_split`, told from bytes for each row."""
    seen = np.empty(0, np.int64)
    for frame, content in zip(frames.values(), _contents(columns), strict=True):
        frame["content"] = content
        frame["in_earlier_split"] = np.isin(content, seen)
        seen = np.union1d(seen, content)


def _contents(columns: list[pa.ChunkedArray]) -> list[npt.NDArray[np.int64]]:
    """Number the rows of several columns by their bytes, in the order they come in."""
    chunks = (chunk for column in columns for chunk in column.chunks)
    digests = [digest for chunk in chunks for digest in _digests(chunk)]
    numbers, _ = pd.factorize(np.array(digests, object), use_na_sentinel=False)
    ends = np.cumsum([len(column) for column in columns])
    return np.split(numbers.astype(np.int64), ends[:-1])


def _digests(values: pa.BinaryArray) -> Iterator[bytes | None]:
    """Hash values, so that gigabytes of them need not be together in one column."""
    memory = memoryview(values.buffers()[2] or b"")
    present = values.is_valid().to_pylist()
    for start, length, known in zip(*_extents(values), present, strict=True):
        yield sha256(memory[start : start + length]).digest() if known else None


def _extents(
    values: pa.BinaryArray,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where in the memory each value begins, and how many bytes it has.

    A missing value counts as one without bytes.
    """
    wide = pa.types.is_large_binary(values.type)
    offsets = np.frombuffer(values.buffers()[1], np.int64 if wide else np.int32)
    starts = offsets[values.offset : values.offset + len(values)].astype(np.int64)
    lengths = pc.binary_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    return starts, lengths.astype(np.int64)


# --- images -------------------------------------------------------------------------


class _Run(NamedTuple):
    """Consecutive images that are alike in shape and in length.

    Attributes:
        rows: Where they stand in the table.
        pixels: Shape (images, bytes), a view of the table's memory.
        shape: Height, width and channels; None if the length contradicts them.
    """

    rows: slice
    pixels: Pixels
    shape: tuple[int, ...] | None


def _image_statistics(table: pa.Table) -> dict[str, npt.NDArray[np.generic]]:
    """Compute the statistics of each image of a table."""
    statistics = {name: np.full(len(table), np.nan) for name in _IMAGE_STATISTICS}
    lengths = np.zeros(len(table), np.int64)
    for rows, pixels, shape in _runs_of_images(table):
        lengths[rows] = pixels.shape[1]
        found = _pixel_statistics(pixels)
        if shape is not None:
            found |= layout_statistics(pixels.reshape(-1, *shape))
        for name, values in found.items():
            statistics[name][rows] = values
    return {"bytes": lengths, **statistics}


def _pictures(table: pa.Table) -> list[str]:
    """The columns that hold pixels."""
    columns = (IMAGE_COLUMN, MASK_COLUMN)
    return [name for name in columns if name in table.column_names]


def _mask_statistics(table: pa.Table) -> dict[str, npt.NDArray[np.generic]]:
    """Compute the statistics of each mask of a table, if it has any."""
    if MASK_COLUMN not in table.column_names:
        return {}
    found = np.full((4, len(table)), np.nan)
    for row, value in enumerate(table[MASK_COLUMN]):
        pixels = np.frombuffer(value.as_buffer() or b"", np.uint8)
        values = np.flatnonzero(np.bincount(pixels, minlength=256))
        found[0, row] = len(pixels)
        if len(values):
            found[1:, row] = values[0], values[-1], len(values)
    names = ("bytes", "minimum", "maximum", "distinct")
    return {f"mask_{name}": row for name, row in zip(names, found, strict=True)}


def _pixel_statistics(pixels: Pixels) -> dict[str, npt.NDArray[np.generic]]:
    """Compute statistics of the bytes of images, which have at least one."""
    return {
        "minimum": pixels.min(axis=1),
        "maximum": pixels.max(axis=1),
        "mean": pixels.mean(axis=1),
        "blank": (pixels == 0).mean(axis=1),
    }


def _runs_of_images(table: pa.Table) -> Iterator[_Run]:
    """Yield the images that have bytes, in runs of a few million bytes at most.

    No image is copied, however the shapes differ: where all images have one shape the
    runs are long, where each has its own a run is one image.
    """
    shapes = _shapes(table)
    first = 0
    for chunk in table[IMAGE_COLUMN].chunks:
        starts, lengths = _extents(chunk)
        memory = chunk.buffers()[2]
        alike = np.column_stack([shapes[first : first + len(chunk)], lengths])
        for begin, end in _runs(alike):
            *sides, length = alike[begin].tolist()
            if length > 0:
                fits = min(sides) > 0 and math.prod(sides) == length
                pixels = np.frombuffer(
                    memory, np.uint8, (end - begin) * length, starts[begin]
                )
                yield _Run(
                    slice(first + begin, first + end),
                    pixels.reshape(-1, length),
                    tuple(sides) if fits else None,
                )
        first += len(chunk)


def _runs(alike: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield begin and end of runs of equal rows, whose last column counts bytes."""
    breaks = np.flatnonzero((alike[1:] != alike[:-1]).any(axis=1)) + 1
    for begin, end in pairwise(np.unique([0, *breaks, len(alike)]).tolist()):
        step = max(1, _BYTES_AT_ONCE // max(1, int(alike[begin, -1])))
        for part in range(begin, end, step):
            yield part, min(part + step, end)


def _shapes(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return height, width and channels of each image, 0 where they are not known."""
    sides = [
        pc.fill_null(table[name], 0).to_numpy()
        if name in table.column_names
        else np.zeros(len(table), np.int64)
        for name in SHAPE_COLUMNS
    ]
    return np.column_stack(sides).astype(np.int64)


# --- sequences ----------------------------------------------------------------------


def _flat_tokens(
    sequences: pa.ChunkedArray,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the length of each sequence, and the tokens of all in one array."""
    lengths = pc.list_value_length(sequences).fill_null(0).to_numpy()
    tokens = pc.list_flatten(sequences).fill_null(-1).to_numpy()
    return lengths.astype(np.int64), tokens.astype(np.int64)


def _token_statistics(
    lengths: npt.NDArray[np.int64], tokens: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.generic]]:
    """Compute the statistics of each sequence, from the tokens of all in one array."""
    rows = len(lengths)
    statistics: dict[str, npt.NDArray[np.generic]] = {"length": lengths}
    for name in ("first", "minimum", "maximum", "most_frequent", "left_out"):
        statistics[name] = np.full(rows, np.nan)
    statistics["distinct"] = np.zeros(rows, np.int64)
    filled = np.flatnonzero(lengths)
    starts = (np.cumsum(lengths) - lengths)[filled]
    if not len(filled):
        return statistics
    statistics["first"][filled] = tokens[starts]
    statistics["minimum"][filled] = np.minimum.reduceat(tokens, starts)
    statistics["maximum"][filled] = np.maximum.reduceat(tokens, starts)
    left_out = np.add.reduceat(tokens == LEFT_OUT, starts, dtype=np.int64)
    statistics["left_out"][filled] = left_out / lengths[filled]
    for first in range(0, len(filled), _ROWS_AT_ONCE):
        where = filled[first : first + _ROWS_AT_ONCE]
        begin = starts[first]
        part = tokens[begin : begin + lengths[where].sum()]
        distinct, most = _count_tokens(lengths[where], part)
        statistics["distinct"][where] = distinct
        statistics["most_frequent"][where] = most / lengths[where]
    return statistics


def _count_tokens(
    lengths: npt.NDArray[np.int64], tokens: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count the different tokens of each sequence, and its commonest one."""
    rows = np.repeat(np.arange(len(lengths)), lengths)
    width = int(tokens.max() - tokens.min()) + 1
    # One number per row and token, so that one sort serves all sequences.
    keys, counts = np.unique(rows * width + (tokens - tokens.min()), return_counts=True)
    distinct = np.bincount(keys // width, minlength=len(lengths))
    starts = np.cumsum(distinct) - distinct
    return distinct, np.maximum.reduceat(counts, starts)


def _as_bytes(
    lengths: npt.NDArray[np.int64], tokens: npt.NDArray[np.int64]
) -> pa.ChunkedArray:
    """View sequences as a column of bytes."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]) * tokens.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(tokens)]
    column = pa.Array.from_buffers(pa.large_binary(), len(lengths), buffers)
    return pa.chunked_array([column])


# --- lines --------------------------------------------------------------------------


def _with_line_statistics(table: pa.Table) -> pd.DataFrame:
    """Describe the lines of one split."""
    frame: pd.DataFrame = table.to_pandas()
    lines = frame[LINE_COLUMN].fillna("")
    return frame.assign(
        length=lines.str.len(),
        words=lines.str.count(r"\S+"),
        beyond_ascii=lines.str.count(r"[^\x00-\x7f]"),
        control=lines.str.count(r"[\x00-\x1f\x7f-\x9f]"),
    )
