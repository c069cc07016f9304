"""Learning curves: what is told of each epoch, by epoch."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.evaluation.drawing import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

History = dict[str, list[float]]

# From so many epochs on, the first ones are drawn once and left out once.
LONG, LEFT_OUT = 100, 10

# Columns of a history that tell nothing of how good a model is.
NOT_CURVES = ("epoch", "learning_rate", "slope", "intercept")


def read_history(path: Path) -> History:
    """Read the columns of a `history.csv`."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def best_epoch(history: History) -> dict[str, float]:
    """The figures of the epoch with the smallest loss, of validation if there is any.

    It tells where a longer training began to overfit; the model is that of the last
    epoch, unless `train.early_stopping` gives back the best weights.
    """
    losses = history.get("val_loss", history["loss"])
    place = losses.index(min(losses))
    return {name: values[place] for name, values in history.items()}


def last_epoch(history: History) -> dict[str, float]:
    """The figures of the last epoch, as trainings print them and many publish them.

    Those of training are means over its batches, while the weights change.
    """
    return {name: values[-1] for name, values in history.items()}


def draw_learning_curves(history: History, path: Path) -> None:
    """Draw each figure by epoch: training as dots, validation, if any, as a line.

    Of a long history, the second row of the picture leaves out the first epochs, in
    which figures are so large that nothing is seen of the others.
    """
    names = [
        name
        for name in history
        if name not in NOT_CURVES and not name.startswith("val_")
    ]
    starts = (0, LEFT_OUT) if len(history["epoch"]) >= LONG else (0,)
    figure = new_figure(width=5 * len(names), height=4 * len(starts))
    panels = figure.subplots(len(starts), len(names), squeeze=False)
    for row, start in zip(panels, starts, strict=True):
        part = {name: values[start:] for name, values in history.items()}
        for axes, name in zip(row, names, strict=True):
            _draw_curves(axes, part, name)
    save_figure(figure, path)


def _draw_curves(axes: "Axes", history: History, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = history["epoch"]
    axes.plot(epochs, history[name], "o", color="C0", markersize=4, label="training")
    if f"val_{name}" in history:
        # One epoch is no line.
        marker = "s" if len(epochs) == 1 else None
        values = history[f"val_{name}"]
        axes.plot(
            epochs, values, color="C1", linewidth=2, marker=marker, label="validation"
        )
    axes.set(xlabel="epoch", ylabel=name.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(alpha=0.3)
    axes.legend()
