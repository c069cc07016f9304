"""The confusion matrix, as PNG for people and as CSV for `dvc plots`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.tables import write_csv

Labels = NDArray[np.int64]


def draw_confusion(
    labels: Labels, predicted: Labels, classes: Sequence[str], path: Path
) -> None:
    """Draw the confusion matrix: counts as text, their share of the row as colour.

    An empty cell is a zero.

    Args:
        labels: Actual class indices, shape (rows,).
        predicted: Predicted class indices, shape (rows,).
        classes: The names of the classes.
        path: The PNG to write.
    """
    number = len(classes)
    counts = np.bincount(labels * number + predicted, minlength=number**2)
    counts = counts.reshape(number, number)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    cell = max(0.6, 3 / number)
    figure = new_figure(width=cell * number + 2.5, height=cell * number + 1.2)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the actual class", shrink=0.8)
    axes.set(xlabel="predicted", ylabel="actual")
    axes.set_yticks(range(number), classes)
    # A letter is about 0.085 inches wide; names wider than a cell are turned.
    if max(map(len, classes)) * 0.085 < cell:
        axes.set_xticks(range(number), classes)
    else:
        axes.set_xticks(
            range(number), classes, rotation=45, ha="right", rotation_mode="anchor"
        )
    for row, column in np.argwhere(counts):
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            fontsize=9,
            color="white" if shares[row, column] > 0.5 else "black",
        )
    save_figure(figure, path)


def write_confusion(
    labels: Labels, predicted: Labels, classes: Sequence[str], path: Path
) -> None:
    """Write one line per example, `actual,predicted`: the DVC template counts them."""
    names = np.array(classes)
    write_csv(
        path,
        ("actual", "predicted"),
        zip(names[labels].tolist(), names[predicted].tolist(), strict=True),
    )
