"""Learning curves: what is told of each epoch, by epoch."""

import csv
from pathlib import Path

from pedigree.evaluation.drawing import new_figure, save_figure

History = dict[str, list[float]]

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


def draw_learning_curves(history: History, path: Path) -> None:
    """Draw each figure by epoch: training as dots, validation, if any, as a line."""
    from matplotlib.ticker import MaxNLocator

    names = [
        name
        for name in history
        if name not in NOT_CURVES and not name.startswith("val_")
    ]
    figure = new_figure(width=5 * len(names), height=4)
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        axes.plot(history["epoch"], history[name], "o", color="C0", label="training")
        if f"val_{name}" in history:
            axes.plot(
                history["epoch"],
                history[f"val_{name}"],
                color="C1",
                linewidth=2,
                # One epoch is no line.
                marker="s" if len(history["epoch"]) == 1 else None,
                label="validation",
            )
        axes.set(xlabel="epoch", ylabel=name.replace("_", " "))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, path)
