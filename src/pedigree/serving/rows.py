"""Files of raw rows, CSV or Parquet, read in chunks.

The columns have the names of the raw data, in any order and with others beside them. A
CSV may also be written as the source of the dataset is, without those names. Images
are one column per pixel, or what `data/raw` holds of them.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pedigree.data.prepared import Column
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import Table
from pedigree.serving.header import find_header, lines_to_know, listed

# The text that is parsed at once, in bytes. Arrow reads 32 blocks ahead.
BLOCK_BYTES = 2**20

SUFFIXES = (".csv", ".csv.gz", ".parquet")


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
        with _explained(self._path, self.names), self._open() as (stream, raw):
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


def refuse_truths(table: pa.Table, names: Sequence[str]) -> None:
    """Refuse columns of true and false, which Arrow would take for 1 and 0.

    Raises:
        RefusedError: If one of the columns is of that type.
    """
    for name in names:
        if pa.types.is_boolean(table[name].type):
            raise RefusedError(
                f"the column {name} must hold numbers or texts. "
                "Received: values of type bool",
                "Write what the training data has for true and false.",
            )


# What the libraries say of a file that is not of its kind.
_MALFORMED = (
    pa.ArrowInvalid,
    pa.ArrowKeyError,
    csv.Error,
    OSError,
    UnicodeDecodeError,
)


@contextmanager
def _explained(path: Path, names: Sequence[str] = ()) -> Iterator[None]:
    try:
        yield
    except _MALFORMED as error:
        columns = f" Its columns are {listed(names)}." if names else ""
        raise WrongUseError(
            f"{path} must be a {'Parquet' if path.suffix == '.parquet' else 'CSV'} "
            f"file. Received: {' '.join(str(error).split())}",
            f"Correct the file.{columns}",
        ) from error
