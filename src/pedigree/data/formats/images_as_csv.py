"""Images written as a CSV of one image per row, which `csv_images` reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

# A table of this many rows and 785 columns is about 60 MB.
ROWS_AT_ONCE = 10_000


def write(
    path: Path,
    columns: Mapping[str, npt.NDArray[Any]],
    images: npt.NDArray[np.uint8],
    first_pixel: int = 1,
) -> None:
    """Write images as one row each: the columns, then the pixels, row by row.

    Args:
        path: The file to write.
        columns: What stands before the pixels, shape (rows,) each.
        images: Shape (rows, height, width).
        first_pixel: The number in the name of the first pixel's column.
    """
    pixels = images.reshape(len(images), -1)
    numbers = range(first_pixel, first_pixel + pixels.shape[1])
    names = [*columns, *(f"pixel{n}" for n in numbers)]
    types = [*(pa.from_numpy_dtype(each.dtype) for each in columns.values())]
    types += [pa.uint8()] * pixels.shape[1]
    schema = pa.schema(list(zip(names, types, strict=True)))
    options = pa_csv.WriteOptions(quoting_header="none")
    with pa_csv.CSVWriter(path, schema, write_options=options) as writer:
        for start in range(0, len(pixels), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            arrays = [each[rows] for each in columns.values()]
            arrays += list(np.ascontiguousarray(pixels[rows].T))
            writer.write_table(pa.table(arrays, schema=schema))
