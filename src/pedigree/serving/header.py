"""What names the columns of a CSV: its first line, or else the source of its data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pedigree.data.prepared import Column
from pedigree.errors import WrongUseError
from pedigree.params.datasets import CsvImagesTable, CsvTable, Table


@dataclass(frozen=True)
class Header:
    """What names the columns of a CSV.

    Attributes:
        names: The names, or None where they are in the first line.
        skip: The lines to leave out at the top.
    """

    names: list[str] | None = None
    skip: int = 0


def lines_to_know(table: Table) -> int:
    """Count the first lines that tell whether a CSV is written as its source is."""
    return 1 + (table.skip_rows if isinstance(table, CsvTable) else 0)


def find_header(
    path: Path, lines: Sequence[list[str]], table: Table, columns: Sequence[Column]
) -> Header:
    """Find out whether the first line names the columns, and else what does.

    Args:
        path: The file, for the words of errors.
        lines: The values of its first lines, as many as `lines_to_know` or all.
        table: How the source of the dataset is written.
        columns: The columns that the model takes; none for images.

    Raises:
        WrongUseError: If the first line names none, and the file is not written as the
            source is either.
    """
    if lines and isinstance(table, CsvTable):
        return _of_table(path, lines, table, columns)
    if lines and isinstance(table, CsvImagesTable):
        return _of_images(path, lines[0], table)
    return Header()


def listed(names: Sequence[str], at_most: int = 40) -> str:
    """Put names into words, the first of them where there are many."""
    shown = ", ".join(names[:at_most])
    more = len(names) - at_most
    return f"{shown} and {more} more" if more > 0 else shown


def _of_table(
    path: Path,
    lines: Sequence[list[str]],
    table: CsvTable,
    columns: Sequence[Column],
) -> Header:
    wanted = [column.name for column in columns]
    if not table.columns or set(wanted) & set(lines[0]):
        return Header()
    if _is_as_published(lines, table, columns):
        return Header(list(table.columns), table.skip_rows)
    raise WrongUseError(
        f"the first line of {path} must name the columns, unless the file is written "
        f"as the source is, with all {len(table.columns)} columns in their order. "
        f"Received: {listed(lines[0], 5)}",
        f"Name the columns there. The model takes {listed(wanted)}.",
    )


def _is_as_published(
    lines: Sequence[list[str]], table: CsvTable, columns: Sequence[Column]
) -> bool:
    """Whether the first row stands where it should, and no row or names above it."""
    if len(lines) <= table.skip_rows:
        return False
    above, row = lines[: table.skip_rows], lines[table.skip_rows]
    return _is_row(row, table, columns) and not any(
        _is_row(line, table, columns) or _are_names(line, len(row)) for line in above
    )


def _is_row(values: list[str], table: CsvTable, columns: Sequence[Column]) -> bool:
    """Whether all values are there, with numbers where the model takes numbers."""
    if len(values) != len(table.columns or ()) or not any(map(_is_number, values)):
        return False
    by_name = dict(zip(table.columns or (), values, strict=True))
    return all(
        _is_number(value) or value.strip() in ("", *table.missing)
        for column in columns
        if column.type != "string"
        for value in [by_name[column.name]]
    )


def _are_names(values: list[str], count: int) -> bool:
    """Whether there is a text above each column."""
    return len(values) == count and not any(map(_is_number, values))


def _of_images(path: Path, first: list[str], table: CsvImagesTable) -> Header:
    if not all(map(_is_number, first)):
        return Header()
    pixels = [f"pixel{n}" for n in range(1, table.height * table.width + 1)]
    labelled = ["label", *pixels] if table.label == "first" else [*pixels, "label"]
    rule = f"the first line of {path} must name the columns"
    if not table.header:
        for names in (pixels, labelled):
            if len(first) == len(names):
                return Header(names)
        rule += f", unless it is {len(pixels)} pixels, with or without a label"
    raise WrongUseError(
        f"{rule}. Received: {len(first)} numbers",
        "Name the columns there: pixel1 and so on, row by row.",
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
