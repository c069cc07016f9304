"""Files of raw rows, CSV or Parquet, read in chunks.

The columns have the names of the raw data, in any order and with others beside them. A
CSV may also be written as the source of the dataset is, without those names. Images
are one column per pixel, or what `data/raw` holds of them.
"""

import csv
import io
import math
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pedigree.data.prepared import Column
from pedigree.data.raw import table_of_images
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import Table
from pedigree.serving.header import find_header, lines_to_know

# The text that is parsed at once, in bytes. Arrow reads 32 blocks ahead.
BLOCK_BYTES = 2**20

# How images stand in `data/raw`.
IMAGE_COLUMNS = ("image", "height", "width", "channels")

SUFFIXES = (".csv", ".csv.gz", ".parquet")

_PIXEL = re.compile(r"pixel_?(\d+)", re.IGNORECASE)


class RowFile(Protocol):
    """A file of rows.

    Attributes:
        names: The columns that it has.
        total: How much there is to read, in units of its own.
    """

    names: list[str]
    total: int

    def chunks(
        self, columns: Sequence[str], rows: int
    ) -> Iterator[tuple[pa.Table, int]]:
        """Yield at most so many rows at once, and how much has been read."""
        ...


def open_rows(path: Path, table: Table, columns: Sequence[Column]) -> RowFile:
    """Open a file of rows by its suffix.

    Args:
        path: The file.
        table: How the source of the dataset is written.
        columns: The columns that the model takes; none for images.

    Raises:
        WrongUseError: If the file is missing, is of no such kind, or does not say which
            column is which.
    """
    if not path.is_file():
        raise WrongUseError(
            f"the rows must be in a file. Received: {path}, which is none",
            "Name a CSV or Parquet file.",
        )
    if path.name.endswith(".parquet"):
        return ParquetRows(path)
    if path.name.endswith(SUFFIXES):
        return CsvRows(path, table, columns)
    raise unknown_suffix(path, SUFFIXES)


def unknown_suffix(path: Path, suffixes: Sequence[str]) -> WrongUseError:
    """Say by which suffixes a file is known."""
    return WrongUseError(
        f"the file must end in {', '.join(suffixes)}. Received: {path.name}",
        "Name the file after what it is.",
    )


class ParquetRows:
    """A Parquet file.

    Args:
        path: The file.

    Raises:
        WrongUseError: If it is none, or two columns have one name.
    """

    def __init__(self, path: Path) -> None:
        with _explained(path):
            self._file = pq.ParquetFile(path)
        self.names: list[str] = self._file.schema_arrow.names
        _refuse_repeated(path, self.names)
        self.total: int = self._file.metadata.num_rows

    def chunks(
        self, columns: Sequence[str], rows: int
    ) -> Iterator[tuple[pa.Table, int]]:
        """Yield at most so many rows at once, and how many rows have been read."""
        done = 0
        for batch in self._file.iter_batches(rows, columns=list(columns)):
            done += batch.num_rows
            yield pa.Table.from_batches([batch]), done


class CsvRows:
    """A CSV, all of whose columns stay texts; `.gz` is decompressed.

    Args:
        path: The file.
        table: How the source of the dataset is written.
        columns: The columns that the model takes; none for images.

    Raises:
        WrongUseError: If it is none, or does not say which column is which.
    """

    def __init__(self, path: Path, table: Table, columns: Sequence[Column]) -> None:
        self._path = path
        self.total = path.stat().st_size
        self._missing = ["", *getattr(table, "missing", ())]
        with _explained(path), self._open() as (stream, _):
            # Not by Arrow, which reads on to lines that a bad header does not fit.
            reader = csv.reader(io.TextIOWrapper(stream, "utf-8-sig"))
            lines = list(islice(reader, lines_to_know(table)))
        self._header = find_header(path, lines, table, columns)
        self.names = self._header.names or (lines[0] if lines else [])
        _refuse_repeated(path, self.names)

    def chunks(
        self, columns: Sequence[str], rows: int
    ) -> Iterator[tuple[pa.Table, int]]:
        """Yield at most so many rows at once, and how many bytes have been read."""
        with _explained(self._path), self._open() as (stream, raw):
            reader = pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(
                    block_size=BLOCK_BYTES,
                    column_names=self._header.names,
                    skip_rows=self._header.skip,
                ),
                parse_options=pa_csv.ParseOptions(newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    include_columns=list(columns),
                    column_types=dict.fromkeys(columns, pa.string()),
                    null_values=self._missing,
                    strings_can_be_null=True,
                ),
            )
            for batch in reader:
                block = pa.Table.from_batches([batch])
                for start in range(0, block.num_rows, rows):
                    yield block.slice(start, rows), raw.tell()

    @contextmanager
    def _open(self) -> Iterator[tuple[Any, Any]]:
        """Open the text, and the bytes that it comes from."""
        with pa.OSFile(str(self._path)) as raw:
            if self._path.suffix == ".gz":
                yield pa.CompressedInputStream(raw, "gzip"), raw
            else:
                yield raw, raw


def _refuse_repeated(path: Path, names: Sequence[str]) -> None:
    repeated = {each for each in names if names.count(each) > 1}
    if repeated:
        raise WrongUseError(
            f"{path} must have columns of different names. Received: "
            f"{', '.join(sorted(repeated))} more than once",
            "Rename one of them.",
        )


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


def _bytes(column: pa.ChunkedArray, name: str, first_row: int) -> Any:
    try:
        texts = pa.types.is_string(column.type)
        trimmed = pc.utf8_trim_whitespace(column) if texts else column
        converted = pc.cast(trimmed, pa.uint8())
        if not converted.null_count:
            return converted.to_numpy()
    except pa.ArrowInvalid:
        pass
    row, value = next(
        (row, value)
        for row, value in enumerate(column.to_pylist())
        if not _is_byte(value)
    )
    raise RefusedError(
        f"the column {name} must hold whole numbers in 0..255. "
        f"Received: {value!r} in row {first_row + row}",
        "Correct the value.",
    )


def _is_byte(value: Any) -> bool:
    try:
        return 0 <= int(value) == float(value) <= 255
    except (TypeError, ValueError):
        return False


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError, UnicodeDecodeError) as error:
        raise WrongUseError(
            f"{path} must be a {'Parquet' if path.suffix == '.parquet' else 'CSV'} "
            f"file. Received: {' '.join(str(error).split())}",
            "Correct the file.",
        ) from error
