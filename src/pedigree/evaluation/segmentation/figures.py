"""The figures of a segmentation, from what each image adds to them.

The intersection over union of a class is the share of the pixels that have the class,
predicted or in truth, which have it in both: over all pixels of all images together.
The mean is that over the classes that occur (Everingham et al. 2015).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError
from pedigree.evaluation.bootstrap import Counts

Masks = NDArray[np.uint8]
Confusions = NDArray[np.int64]


def confusions_of(predicted: Masks, actual: Masks, classes: int) -> Confusions:
    """Count the pixels of each image by their actual and their predicted class.

    Args:
        predicted: Class indices, shape (images, height, width).
        actual: The same, of the truth.
        classes: The number of classes.

    Returns:
        Shape (images, actual classes, predicted classes).

    Raises:
        RefusedError: If there is no image, or the shapes differ.
    """
    if not len(actual) or predicted.shape != actual.shape:
        raise RefusedError(
            f"the model must give masks of shape {actual.shape}, one or more. "
            f"Received: {predicted.shape}",
            "Correct the section `features` of params.yaml, or run `dvc repro`.",
        )
    counts = np.empty((len(actual), classes, classes), np.int64)
    for row, (found, true) in enumerate(zip(predicted, actual, strict=True)):
        cells = true.astype(np.int64) * classes + found
        counts[row] = np.bincount(cells.ravel(), minlength=classes**2).reshape(
            classes, classes
        )
    return counts


class WeightedImages:
    """The figures of a sample in which each image counts a number of times.

    Args:
        confusions: What `confusions_of` counted.
        classes: The names of the classes.
    """

    def __init__(self, confusions: Confusions, classes: Sequence[str]) -> None:
        self._confusions = confusions.reshape(len(confusions), -1)
        self._classes = len(classes)
        names = (f"classes.{name}.iou" for name in classes)
        self.names = ("pixel_accuracy", "mean_iou", *names)

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figures, in the order of `names`; NaN where undefined."""
        together = (counts @ self._confusions).reshape(self._classes, self._classes)
        shares = ious(together)
        accuracy = together.trace() / together.sum()
        return np.array([accuracy, np.nanmean(shares), *shares])


def ious(confusion: Confusions) -> NDArray[np.float64]:
    """The intersection over union of each class; NaN for one that does not occur."""
    both = confusion.diagonal()
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - both
    shares = np.full(len(confusion), np.nan)
    np.divide(both, either, out=shares, where=either > 0)
    return shares


def split_figures(confusions: Confusions, classes: Sequence[str]) -> dict[str, Any]:
    """Compute the figures of one split.

    Args:
        confusions: What `confusions_of` counted.
        classes: The names of the classes.

    Returns:
        `rows`, `pixel_accuracy`, `mean_iou`, and per class its `iou`, its `share` of
        all pixels and its `recall`, those that are defined.
    """
    weighted = WeightedImages(confusions, classes)
    accuracy, mean, *shares = weighted(np.ones(len(confusions), np.int64)).tolist()
    together = confusions.sum(axis=0)
    pixels = together.sum(axis=1)
    per_class = {}
    for index, name in enumerate(classes):
        values = {"iou": shares[index], "share": float(pixels[index] / pixels.sum())}
        if pixels[index]:
            values["recall"] = float(together[index, index] / pixels[index])
        per_class[name] = {k: v for k, v in values.items() if not np.isnan(v)}
    return {
        "rows": len(confusions),
        "pixel_accuracy": accuracy,
        "mean_iou": mean,
        "classes": per_class,
    }
