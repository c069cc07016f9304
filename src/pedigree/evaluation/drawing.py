"""Figures without state: the same numbers give the same bytes.

They are drawn without pyplot, and saved without metadata.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> "Figure":
    """Make an empty figure of a size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="compressed")


def save_figure(figure: "Figure", path: Path) -> None:
    """Save a PNG that tells nothing of the software that drew it."""
    figure.savefig(path, format="png", metadata={"Software": None})
