"""A text, to a table with one row per line."""

from pathlib import Path

import pyarrow as pa

from pedigree.data.formats.published import published_files
from pedigree.errors import RefusedError
from pedigree.params.datasets import TextTable


def read(table: TextTable, folder: Path) -> dict[str, pa.Table]:
    """Read one text per published split.

    A line ends at a line feed and nowhere else, so that a carriage return or a byte
    order mark stays in its line, where expectations find it.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        A table per split with the column `line`, empty lines included.

    Raises:
        WrongUseError: If a file is missing.
        RefusedError: If a file is empty or not in UTF-8.
    """
    paths = published_files(table.files, folder)
    return {split: _read_lines(path) for split, path in paths.items()}


def _read_lines(path: Path) -> pa.Table:
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refuse(path, f"{error.reason} at byte {error.start}") from None
    if not text:
        raise _refuse(path, "an empty file")
    return pa.table({"line": text.removesuffix("\n").split("\n")})


def _refuse(path: Path, received: str) -> RefusedError:
    return RefusedError(
        f"{path} must be a text in UTF-8. Received: {received}",
        f"Correct the file, or datasets.{path.parent.name}.table in params.yaml.",
    )
