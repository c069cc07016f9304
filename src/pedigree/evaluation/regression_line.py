"""The line, or curve, of a regression with one input."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure

# Points of a curve: smooth at the width of the plot.
POINTS = 200
# Between two lines of a history, in epochs.
STEP = 10

Predict = Callable[[NDArray[np.float64]], NDArray[np.floating]]


def draw_regression_line(
    predict: Predict,
    examples: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating]]],
    history: Mapping[str, Sequence[float]],
    names: tuple[str, str],
    path: Path,
) -> None:
    """Draw what a model predicts, the examples, and the lines on the way there.

    Args:
        predict: Computes numbers, shape (rows,), of rows of one input.
        examples: Per split, x of shape (rows, 1) and y of shape (rows,).
        history: Columns of the history; with `slope` and `intercept` the line of
            every tenth epoch is drawn too, the later the darker.
        names: The names of the input and of the target.
        path: The PNG to write.
    """
    import matplotlib

    every = np.concatenate([x[:, 0] for x, _ in examples.values()])
    across = np.linspace(every.min(), every.max(), POINTS)
    figure = new_figure(width=7, height=4.6)
    axes = figure.subplots()
    for index, (split, (x, y)) in enumerate(examples.items()):
        colour = f"C{index}"
        axes.plot(x[:, 0], y, "o", color=colour, markersize=3, label=split, zorder=3)
    if "slope" in history:
        lines = list(zip(history["slope"], history["intercept"], strict=True))[::STEP]
        greys = matplotlib.colormaps["Greys"](np.linspace(0.4, 0.9, len(lines)))
        for number, (slope, intercept) in enumerate(lines):
            label = f"every {STEP}th epoch" if number == len(lines) - 1 else None
            heights = slope * across + intercept
            axes.plot(across, heights, color=greys[number], linewidth=0.8, label=label)
    predicted = np.asarray(predict(across[:, np.newaxis]))
    axes.plot(across, predicted, color="C3", linewidth=1.5, label="prediction")
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, path)
