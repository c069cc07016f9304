"""Images of a split in a grid."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.params.evaluate import Samples


def sample_rows(samples: Samples, rows: int) -> NDArray[np.int64]:
    """The chosen rows, or some drawn at random, without replacement and in order."""
    if samples.rows is not None:
        return np.array(samples.rows)
    assert samples.number is not None and samples.seed is not None
    random = np.random.Generator(np.random.PCG64(samples.seed))
    chosen = random.choice(rows, min(samples.number, rows), replace=False)
    return np.sort(chosen)


def draw_image(
    image: NDArray[Any], path: Path, title: str | None = None, colour: str = "black"
) -> None:
    """Draw one image with its axes; one channel has a bar that tells its values.

    Args:
        image: Shape (height, width, channels), of one or three channels.
        path: The PNG to write.
        title: What stands above it.
        colour: The colour of the title.
    """
    figure = new_figure(width=5, height=4)
    axes = figure.subplots()
    if image.shape[-1] == 1:
        figure.colorbar(axes.imshow(image[..., 0], cmap="viridis"), ax=axes)
    else:
        axes.imshow(_scale(image, image.min(), image.max()))
    if title:
        axes.set_title(title, color=colour)
    save_figure(figure, path)


def draw_images(
    images: Sequence[NDArray[Any] | None] | NDArray[Any],
    path: Path,
    columns: int,
    titles: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw images row by row.

    Args:
        images: Each of shape (height, width, channels), of one or three channels;
            None leaves a place empty.
        path: The PNG to write.
        columns: How many stand in a row.
        titles: What stands above each.
        colours: The colour of each title.
        limits: The values that are black and white in all of them; without, each image
            is shown from its own smallest to its own largest value.
    """
    number = len(images)
    columns = min(columns, number)
    rows = math.ceil(number / columns)
    figure = new_figure(width=1.6 * columns, height=(1.8 if titles else 1.6) * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for index, (axes, image) in enumerate(zip(panels, images, strict=False)):
        if image is None:
            continue
        low, high = limits or (image.min(), image.max())
        if image.shape[-1] == 1:
            axes.imshow(image[..., 0], cmap="gray", vmin=low, vmax=high)
        else:
            axes.imshow(_scale(image, low, high))
        if titles:
            colour = colours[index] if colours else "black"
            axes.set_title(titles[index], color=colour, fontsize=8)
    save_figure(figure, path)


def _scale(image: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    scaled = (image.astype(np.float32) - low) / max(high - low, 1e-9)
    clipped: NDArray[np.float32] = np.clip(scaled, 0, 1)
    return clipped
