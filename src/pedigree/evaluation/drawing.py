"""Figures without state: the same numbers give the same bytes.

They are drawn without pyplot, and saved without metadata.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write a CSV with the line ends of all tracked files."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure of a size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="compressed")


def save_figure(figure: "Figure", path: Path) -> None:
    """Save a PNG that tells nothing of the software that drew it."""
    figure.savefig(path, format="png", metadata={"Software": None})
