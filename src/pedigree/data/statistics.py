"""What the expectations of a dataset are checked against: one row per example.

A table is checked as it is, a time series with the step from each row to the next.
Images, sequences and lines of text are checked through a frame of statistics, one row
for each, because an expectation speaks of columns and these have none.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.layout import layout_statistics

IMAGE_COLUMN = "image"
TOKEN_COLUMN = "tokens"
LINE_COLUMN = "line"

# The token of a word that was left out: `oov_char` in the loaders of `keras.datasets`.
LEFT_OUT = 2

# Rows whose tokens are sorted at once: a million of tokens of film reviews.
_ROWS_AT_ONCE = 4096

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
    """Describe each image by a row of statistics.

    The columns of the raw table but the pixels are kept, and these are added:

    - `bytes`: the length of the image, height * width * channels if it is whole
    - `minimum`, `maximum`, `mean`: of its bytes, 0 to 255; missing if it has none
    - `blank`: the share of its bytes that are 0
    - `blank_rows`, `centre_row` and so on: see `pedigree.data.layout`
    - `content`: a number that images share if, and only if, their bytes are equal
    - `in_earlier_split`: whether an earlier split has an image of the same bytes

    Args:
        splits: The raw table of each published split.

    Returns:
        One frame per split, in the same order.
    """
    frames = {
        split: table.drop_columns([IMAGE_COLUMN])
        .to_pandas()
        .assign(**_pixel_statistics(table[IMAGE_COLUMN]), **layout_statistics(table))
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
    """Number the rows of several columns by their bytes."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    together = pa.chunked_array(chunks, type=columns[0].type)
    encoded = pc.dictionary_encode(together, null_encoding="encode")
    numbers = np.concatenate(
        [
            np.empty(0, np.int64),
            *(np.asarray(chunk.indices) for chunk in encoded.chunks),
        ]
    ).astype(np.int64)
    ends = np.cumsum([len(column) for column in columns])
    return np.split(numbers, ends[:-1])


# --- images -------------------------------------------------------------------------


def _pixel_statistics(images: pa.ChunkedArray) -> dict[str, npt.NDArray[np.generic]]:
    """Compute the statistics of the bytes of each image, for a column of images."""
    rows = len(images)
    lengths = np.zeros(rows, np.int64)
    statistics = {
        name: np.full(rows, np.nan) for name in ("minimum", "maximum", "mean", "blank")
    }
    for where, pixels in _groups_of_one_length(images):
        lengths[where] = pixels.shape[1]
        if pixels.shape[1] > 0:
            statistics["minimum"][where] = pixels.min(axis=1)
            statistics["maximum"][where] = pixels.max(axis=1)
            statistics["mean"][where] = pixels.mean(axis=1)
            statistics["blank"][where] = (pixels == 0).mean(axis=1)
    return {"bytes": lengths, **statistics}


def _groups_of_one_length(
    images: pa.ChunkedArray,
) -> Iterator[tuple[npt.NDArray[np.int64], Pixels]]:
    """Yield row numbers and an array of shape (images, bytes) per length and chunk.

    A missing image counts as one without bytes.
    """
    first = 0
    for chunk in images.chunks:
        lengths = pc.binary_length(chunk).fill_null(0).to_numpy(zero_copy_only=False)
        for length in np.unique(lengths):
            where = np.flatnonzero(lengths == length)
            # Copies nothing where, as it should be, all images have one length.
            group = chunk if len(where) == len(chunk) else chunk.take(pa.array(where))
            yield first + where, _as_matrix(group, int(length))
        first += len(chunk)


def _as_matrix(images: pa.BinaryArray, length: int) -> Pixels:
    """View images of one length as an array of shape (images, bytes)."""
    _, offset_buffer, data = images.buffers()
    if length == 0 or data is None:
        return np.empty((len(images), 0), np.uint8)
    first = int(np.frombuffer(offset_buffer, np.int32)[images.offset])
    pixels = np.frombuffer(data, np.uint8)[first : first + len(images) * length]
    return pixels.reshape(len(images), length)


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
