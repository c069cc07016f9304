"""What the expectations of a dataset are checked against: one row per example.

A table is checked as it is. Images are checked through a frame of statistics, one row
per image, because an expectation speaks of columns and an image has none.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.layout import layout_statistics

IMAGE_COLUMN = "image"

Pixels = npt.NDArray[np.uint8]


def frames_to_check(splits: Mapping[str, pa.Table]) -> dict[str, pd.DataFrame]:
    """Turn raw splits into the frames that expectations are checked against.

    Args:
        splits: The raw table of each published split.

    Returns:
        One frame per split, in the same order. Row numbers count from 0 in each.
    """
    if any(IMAGE_COLUMN in table.column_names for table in splits.values()):
        return describe_images(splits)
    return {split: table.to_pandas() for split, table in splits.items()}


def describe_images(splits: Mapping[str, pa.Table]) -> dict[str, pd.DataFrame]:
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
    frames = {}
    contents = _contents([table[IMAGE_COLUMN] for table in splits.values()])
    seen = np.empty(0, np.int64)
    for (split, table), content in zip(splits.items(), contents, strict=True):
        frame = table.drop_columns([IMAGE_COLUMN]).to_pandas()
        for name, values in _pixel_statistics(table[IMAGE_COLUMN]).items():
            frame[name] = values
        frame = frame.assign(**layout_statistics(table))
        frame["content"] = content
        frame["in_earlier_split"] = np.isin(content, seen)
        seen = np.union1d(seen, content)
        frames[split] = frame
    return frames


def _contents(columns: list[pa.ChunkedArray]) -> list[npt.NDArray[np.int64]]:
    """Number the images of several columns by their bytes."""
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
