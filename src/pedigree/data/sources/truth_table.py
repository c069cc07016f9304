"""A truth table of two bits, written as a CSV; nothing is downloaded."""

from itertools import product
from pathlib import Path

from pedigree.params.downloads import TruthTableDownload


def fetch(download: TruthTableDownload, _: str, folder: Path) -> None:
    """Write the columns `x1`, `x2` and `y`, one row per pair of bits.

    Args:
        download: The section of params.yaml.
        _: The key of the section, for which a mirror has no folder.
        folder: Where the file goes.
    """
    rows = zip(product((0, 1), repeat=2), download.outputs, strict=True)
    lines = ["x1,x2,y", *(f"{x1},{x2},{y}" for (x1, x2), y in rows)]
    path = folder / download.files[0].name
    path.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
