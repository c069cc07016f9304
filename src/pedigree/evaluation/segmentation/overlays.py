"""Masks laid over their images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.segmentation.figures import Masks


def draw_overlays(
    images: NDArray[np.uint8],
    masks: Sequence[Masks],
    titles: Sequence[str],
    classes: Sequence[str],
    path: Path,
) -> None:
    """Draw a row per image: the image itself, then under each of its masks.

    Args:
        images: Shape (images, height, width, channels), of one or three channels.
        masks: Sets of masks, each of shape (images, height, width).
        titles: What each set is.
        classes: The names of the classes, for the legend.
        path: The PNG to write.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    number = len(classes)
    colours = ListedColormap([f"C{index % 10}" for index in range(number)])
    columns = 1 + len(masks)
    figure = new_figure(width=2.2 * columns, height=2.2 * len(images) + 0.6)
    panels = figure.subplots(len(images), columns, squeeze=False)
    for row, image in enumerate(images):
        shown = image[..., 0] if image.shape[-1] == 1 else image
        for axes, title in zip(panels[row], ("image", *titles), strict=True):
            axes.set_axis_off()
            axes.imshow(shown, cmap="gray")
            if row == 0:
                axes.set_title(title, fontsize=9)
        for axes, each in zip(panels[row, 1:], masks, strict=True):
            axes.imshow(
                each[row], cmap=colours, vmin=-0.5, vmax=number - 0.5, alpha=0.6
            )
    patches = [
        Patch(color=colours(index), label=name) for index, name in enumerate(classes)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=number, fontsize=9)
    save_figure(figure, path)
