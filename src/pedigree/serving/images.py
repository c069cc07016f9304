"""Images of a file of rows: a column per pixel, or what `data/raw` holds of them."""

import math
import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.raw import table_of_images
from pedigree.errors import RefusedError

# How images stand in `data/raw`.
IMAGE_COLUMNS = ("image", "height", "width", "channels")

_PIXEL = re.compile(r"pixel_?(\d+)", re.IGNORECASE)

_CANNOT = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError)


def pixel_columns(
    names: Sequence[str], shape: tuple[int, ...], others: Collection[str]
) -> list[str]:
    """Find the columns of a file that hold the pixels of an image, row by row.

    Args:
        names: All columns of the file.
        shape: Height, width and channels.
        others: Columns that hold no pixels.

    Returns:
        The columns called `pixel` and a number, in the order of the numbers; or else
        all but the others, if they are as many as there are pixels.

    Raises:
        RefusedError: If neither is as many.
    """
    numbers = {
        name: int(found[1]) for name in names if (found := _PIXEL.fullmatch(name))
    }
    called = sorted(numbers, key=numbers.__getitem__)
    rest = [name for name in names if name not in others]
    for found_columns in (called, rest):
        if len(found_columns) == math.prod(shape):
            return found_columns
    raise RefusedError(
        f"the rows must have {math.prod(shape)} columns of pixels, pixel1 and so on. "
        f"Received: {len(called)}, and {len(names) - len(called)} other columns",
        "Correct the file, or bring the images to the shape of the training data.",
    )


def images_from_pixels(
    table: pa.Table, pixels: Sequence[str], shape: tuple[int, ...], first_row: int
) -> pa.Table:
    """Put columns of pixels together to images.

    Args:
        table: Rows.
        pixels: The columns of pixels, in their order.
        shape: Height, width and channels.
        first_row: The number of the first row, for the words of errors.

    Returns:
        The columns of a raw table of images.

    Raises:
        RefusedError: If a pixel is no whole number in 0..255.
    """
    values = [_bytes(table[name], name, first_row) for name in pixels]
    images = np.column_stack(values).reshape(-1, *shape)
    return table_of_images(images, None)


def require_images(table: pa.Table, first_row: int) -> None:
    """Refuse what cannot be the columns of images in `data/raw`.

    Args:
        table: Rows with the columns `image`, `height`, `width` and `channels`.
        first_row: The number of the first row, for the words of errors.

    Raises:
        RefusedError: If an image is no bytes, or a side is no whole number above 0.
    """
    for name in IMAGE_COLUMNS:
        kind = table[name].type
        sides = name != "image"
        if not (pa.types.is_integer(kind) if sides else _is_binary(kind)):
            raise RefusedError(
                f"the column {name} must hold {'whole numbers' if sides else 'bytes'}. "
                f"Received: values of type {kind}",
                "Write images as the Parquet files below `data/raw` are.",
            )
        if sides:
            wrong = np.asarray(pc.fill_null(pc.less(table[name], 1), True))
            if wrong.any():
                row = int(wrong.argmax())
                raise RefusedError(
                    f"the column {name} must hold whole numbers above 0. "
                    f"Received: {table[name][row]} in row {first_row + row}",
                    "Correct the value.",
                )


def _bytes(column: pa.ChunkedArray, name: str, first_row: int) -> Any:
    try:
        return _cast(column)
    except _CANNOT:
        row = next(row for row in range(len(column)) if not _fits(column.slice(row, 1)))
    raise RefusedError(
        f"the column {name} must hold whole numbers in 0..255. "
        f"Received: {column[row].as_py()!r} in row {first_row + row}",
        "Correct the value.",
    )


def _cast(column: pa.ChunkedArray) -> Any:
    """Give pixels their type; 7.0 will do for 7, and so will texts of either."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.cast(pc.utf8_trim_whitespace(column), pa.float64())
    pixels = pc.cast(column, pa.uint8())
    if pixels.null_count:
        raise pa.ArrowInvalid("a pixel is missing")
    return pixels.to_numpy()


def _fits(column: pa.ChunkedArray) -> bool:
    try:
        _cast(column)
    except _CANNOT:
        return False
    return True


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
