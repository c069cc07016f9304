"""The table of classes: how many rows of each are right and wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.tables import write_csv

Labels = NDArray[np.int64]


def write_classes(
    labels: Labels, predicted: Labels, classes: Sequence[str], path: Path
) -> None:
    """Write one line per class: its share of the rows, and what was made of it.

    The share that is right is its recall: of the rows of the class itself.

    Args:
        labels: Actual class indices, shape (rows,).
        predicted: Predicted class indices, shape (rows,).
        classes: The names of the classes.
        path: The CSV to write.
    """
    lines = []
    for index, name in enumerate(classes):
        of_class = labels == index
        rows = int(of_class.sum())
        right = int((predicted[of_class] == index).sum())
        shares = (rows / len(labels), right / rows if rows else "")
        lines.append((name, rows, shares[0], right, rows - right, shares[1]))
    header = ("class", "rows", "share", "right", "wrong", "share_right")
    write_csv(path, header, lines)
