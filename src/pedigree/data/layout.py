"""Where in an image its light is: what a turned or mirrored image gets wrong."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.raw import images_of

Floats = npt.NDArray[np.float64]

SHAPE_COLUMNS = ["height", "width", "channels"]


def layout_statistics(table: pa.Table) -> dict[str, Floats]:
    """Describe the layout of each image.

    - `blank_rows`, `blank_columns`: the share of them that are 0 throughout
    - `centre_row`, `centre_column`: where the centre of the light is, from 0 (the
      first) to 1 (the last); missing if all is dark

    Args:
        table: The raw table of one split, with the column `image`. What it says of the
            shape of an image is believed where the image has as many bytes.

    Returns:
        Statistics by name, each of shape (rows,); missing where the shape is unknown.
    """
    names = ("blank_rows", "blank_columns", "centre_row", "centre_column")
    statistics = {name: np.full(table.num_rows, np.nan) for name in names}
    for where, images in _images_of_one_shape(table):
        for axis, side in enumerate(("row", "column"), start=1):
            other_axes = tuple({1, 2, 3} - {axis})
            light = images.sum(axis=other_axes, dtype=np.uint32)
            statistics[f"blank_{side}s"][where] = (light == 0).mean(axis=1)
            statistics[f"centre_{side}"][where] = _centres(light)
    return statistics


def _centres(light: npt.NDArray[np.uint32]) -> Floats:
    """Find the centre of each row of weights, as a share of the way along it."""
    total = light.sum(axis=1, dtype=np.float64)
    moment = light @ np.linspace(0, 1, light.shape[1])
    centres: Floats = np.full(len(light), np.nan)
    np.divide(moment, total, out=centres, where=total > 0)
    return centres


def _images_of_one_shape(
    table: pa.Table,
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]]:
    """Yield row numbers and an array (images, height, width, channels) per shape."""
    if not set(SHAPE_COLUMNS) <= set(table.column_names):
        return
    lengths = pc.fill_null(pc.binary_length(table["image"]), 0)
    shapes = table.select(SHAPE_COLUMNS)
    for shape in shapes.group_by(SHAPE_COLUMNS).aggregate([]).to_pylist():
        if any(not side or side < 0 for side in shape.values()):
            continue
        fits = pc.equal(lengths, math.prod(shape.values()))
        for name, side in shape.items():
            fits = pc.and_(fits, pc.fill_null(pc.equal(shapes[name], side), False))
        where = np.flatnonzero(fits)
        if len(where):
            # Copies nothing where, as it should be, all images have one shape.
            whole = len(where) == table.num_rows
            yield where, images_of(table if whole else table.take(where))
