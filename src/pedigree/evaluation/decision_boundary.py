"""The decision boundary of a classifier with two inputs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Points of the grid along each side: finer than the pixels that the plot has.
GRID = 400
# How far the plot goes beyond the examples, as a share of their range.
MARGIN = 0.15

Predict = Callable[[NDArray[np.float64]], NDArray[np.floating]]


def draw_decision_boundary(
    predict: Predict,
    x: NDArray[np.floating],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    names: Sequence[str],
    path: Path,
) -> None:
    """Draw where each class is the most probable, and the examples on top.

    A region is paler where its class is less probable; a boundary is a black line.

    Args:
        predict: Computes probabilities, shape (rows, classes), of rows of two inputs.
        x: Examples, shape (rows, 2).
        labels: Their class indices, shape (rows,).
        classes: The names of the classes.
        names: The names of the two inputs.
        path: The PNG to write.
    """
    import matplotlib

    colours = matplotlib.colormaps["tab10" if len(classes) <= 10 else "tab20"]
    low, high = x.min(axis=0), x.max(axis=0)
    margin = MARGIN * np.maximum(high - low, 1e-6)
    (left, bottom), (right, top) = low - margin, high + margin
    across, up = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    probabilities = np.asarray(predict(grid)).reshape(GRID, GRID, -1)

    figure = new_figure(width=6, height=4.6)
    axes = figure.subplots()
    shades = np.array([colours(index)[:3] for index in range(len(classes))])
    _draw_regions(axes, probabilities, shades, (left, right, bottom, top))
    for index, name in enumerate(classes):
        chosen = x[labels == index]
        axes.plot(
            *chosen.T,
            "o",
            color=shades[index],
            markeredgecolor="black",
            # Few examples are to be seen, many are not to hide each other.
            markersize=10 if len(x) <= 20 else 5,
            label=name,
        )
    axes.set(xlabel=names[0], ylabel=names[1], xlim=(left, right), ylim=(bottom, top))
    figure.legend(loc="outside right center", title="actual")
    save_figure(figure, path)


def _draw_regions(
    axes: "Axes",
    probabilities: NDArray[np.floating],
    shades: NDArray[np.float64],
    extent: tuple[float, float, float, float],
) -> None:
    """Colour each place by its class: white where no class is more probable."""
    number = probabilities.shape[-1]
    best = probabilities.argmax(axis=-1)
    certain = (probabilities.max(axis=-1) - 1 / number) / (1 - 1 / number)
    strength = 0.15 + 0.55 * certain[..., np.newaxis]
    image = 1 - strength * (1 - shades[best])
    axes.imshow(
        image, origin="lower", extent=extent, aspect="auto", interpolation="nearest"
    )
    left, right, bottom, top = extent
    across, up = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    for index in range(number if number > 2 else 1):
        # Above zero where the class wins, so that the line lies between two pixels.
        others = np.delete(probabilities, index, axis=-1).max(axis=-1)
        lead = probabilities[..., index] - others
        if lead.min() < 0 < lead.max():
            axes.contour(across, up, lead, levels=[0], colors="black", linewidths=1.2)
