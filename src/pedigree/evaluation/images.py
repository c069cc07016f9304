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
    """Draw numbers of rows at random, without replacement and in order."""
    random = np.random.Generator(np.random.PCG64(samples.seed))
    chosen = random.choice(rows, min(samples.number, rows), replace=False)
    return np.sort(chosen)


def draw_images(
    images: Sequence[NDArray[Any]] | NDArray[Any],
    path: Path,
    columns: int,
    titles: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
) -> None:
    """Draw images row by row.

    Args:
        images: Each of shape (height, width, channels), of one or three channels; each
            is shown from its own smallest to its own largest value.
        path: The PNG to write.
        columns: How many stand in a row.
        titles: What stands above each.
        colours: The colour of each title.
    """
    number = len(images)
    columns = min(columns, number)
    rows = math.ceil(number / columns)
    figure = new_figure(width=1.6 * columns, height=(1.8 if titles else 1.6) * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.set_axis_off()
    for index, (axes, image) in enumerate(zip(panels, images, strict=False)):
        axes.imshow(_displayable(image), cmap="gray")
        if titles:
            colour = colours[index] if colours else "black"
            axes.set_title(titles[index], color=colour, fontsize=8)
    save_figure(figure, path)


def _displayable(image: NDArray[Any]) -> NDArray[Any]:
    """One channel as it is, three as a colour picture."""
    if image.shape[-1] == 1:
        return image[..., 0]
    values = image.astype(np.float32)
    low, high = values.min(), values.max()
    scaled: NDArray[Any] = (values - low) / max(high - low, 1e-9)
    return scaled
