"""Answers to a file of raw rows, in chunks: memory does not grow with the file."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pedigree.errors import RefusedError, WrongUseError
from pedigree.serving.chunks import filled_columns, open_version_rows, read_chunks
from pedigree.serving.header import listed
from pedigree.serving.layout import make_layout
from pedigree.serving.rows import unknown_suffix
from pedigree.serving.version import ServedVersion, read_label

OUTPUT_SUFFIXES = (".csv", ".parquet")

# What has been done of what there is to do, in any unit.
Progress = Callable[[float], None]

# Takes a line for the user.
Notice = Callable[[str], None]


def predict_file(
    version: ServedVersion,
    source: Path,
    target: Path,
    keep: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    values: bool = False,
    progress: Progress = lambda _: None,
    notice: Notice = lambda _: None,
) -> int:
    """Write the answers to a file of raw rows.

    Args:
        version: The model.
        source: A CSV or Parquet file, as `pedigree.serving.rows` reads it.
        target: The CSV or Parquet file to write, by its suffix; it is there when all
            of it has been written. An error leaves an older one as it is.
        keep: Columns of the input to put before the answers.
        columns: All columns that the file is to have, see `make_layout`.
        values: Whether labels are the values of the raw data, not names of classes.
        progress: Told the share that is done, 0 to 1.
        notice: Told what the user should know of the answers.

    Returns:
        The number of answers.

    Raises:
        WrongUseError: If a file cannot be read or written, or a column is unknown.
        RefusedError: If a value cannot be used, or there is no row.
    """
    check_target(target, source)
    file = open_version_rows(version, source)
    layout = make_layout(version, file.names, keep, columns)
    if version.meta.windows and layout.kept:
        raise WrongUseError(
            "a window of a series is no row whose columns can be kept. Received: "
            f"{', '.join(layout.kept)}",
            "Leave out --keep and --columns: the windows are answered in their order.",
        )
    if filled := filled_columns(version, file):
        notice(
            f"{source} lacks {listed(filled)}: filled as the values that the training "
            "data missed."
        )
    names = _values_by_class(version) if values else None
    rows = 0
    with open_target(target) as write:
        for chunk in read_chunks(version, file, layout.kept):
            answers = version.model.answer(chunk.raw, chunk.first_row)
            if names is not None and isinstance(answers, pd.DataFrame):
                answers = answers.assign(label=answers["label"].map(names))
            write(layout.arrange(chunk.kept, answers))
            rows += len(answers)
            progress(chunk.share)
        if not rows:
            raise RefusedError(
                f"{source} must have at least one row. Received: none",
                "Name a file with rows.",
            )
    return rows


def _values_by_class(version: ServedVersion) -> dict[str, int | str]:
    """Say by which value of the raw data each class is told."""
    if version.model.kind != "classes":
        raise WrongUseError(
            "--values is for models that answer with a class. Received: "
            f"{version.ancestry.uri}, whose answers are {version.model.kind}",
            "Leave out --values.",
        )
    label = read_label(version.ancestry)
    assert label is not None  # there are classes
    return dict(zip(label.classes, label.values, strict=True))


class Writer(Protocol):
    """Adds rows to a file."""

    def __call__(self, frame: pd.DataFrame) -> None:
        """Write the next rows."""
        ...


@contextmanager
def open_target(target: Path) -> Iterator[Writer]:
    """Open a file for writing, which takes its place when the block has succeeded.

    Args:
        target: The CSV or Parquet file, as `check_target` lets it through.

    Yields:
        What writes the next rows. If the block fails, nothing is left of them.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        opened = _open_csv if target.suffix == ".csv" else _open_parquet
        with opened(part) as write:
            yield write
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def check_target(target: Path, source: Path) -> None:
    """Refuse a file that cannot be written, before any work is done.

    Raises:
        WrongUseError: If its suffix is unknown, it can have no place, or it is the file
            of the rows.
    """
    if target.suffix not in OUTPUT_SUFFIXES:
        raise unknown_suffix(target, OUTPUT_SUFFIXES)
    if target.is_dir() or not target.parent.is_dir():
        raise WrongUseError(
            f"OUT must be a file in a folder that exists. Received: {target}",
            "Make the folder, or name another file.",
        )
    if target.exists() and source.exists() and target.samefile(source):
        raise WrongUseError(
            f"OUT must be another file than IN. Received: {target} for both",
            "Name another file.",
        )


@contextmanager
def _open_csv(path: Path) -> Iterator[Writer]:
    with path.open("x", encoding="utf-8", newline="") as file:

        def write(frame: pd.DataFrame) -> None:
            frame.to_csv(file, index=False, header=not file.tell(), lineterminator="\n")

        yield write


@contextmanager
def _open_parquet(path: Path) -> Iterator[Writer]:
    opened: list[pq.ParquetWriter] = []
    try:

        def write(frame: pd.DataFrame) -> None:
            schema = opened[0].schema if opened else None
            table = pa.Table.from_pandas(frame, schema, preserve_index=False)
            if not opened:
                table = table.replace_schema_metadata(None)
                opened.append(pq.ParquetWriter(path, table.schema, compression="zstd"))
            opened[0].write_table(table)

        yield write
    finally:
        for writer in opened:
            writer.close()
