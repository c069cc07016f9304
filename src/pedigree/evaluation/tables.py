"""Tables as files: the same rows give the same bytes."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray


def write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write a CSV with the line ends of all tracked files."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_parquet(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write a Parquet file; NaN becomes a missing value.

    Args:
        path: The file to write.
        columns: By its name the values of each column, shape (rows,).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(each, from_pandas=True) for name, each in columns.items()}
    pq.write_table(pa.table(arrays), path)
