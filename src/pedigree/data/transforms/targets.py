"""What is to be predicted: classes from a label column, or numbers from a target."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.data.raw import each_image
from pedigree.data.resizing import resize
from pedigree.data.transforms import labels
from pedigree.errors import RefusedError
from pedigree.params.features import (
    Label,
    Masks,
    Resize,
    ResizedImageTransform,
    Target,
    Transform,
)


@dataclass(frozen=True)
class Targets:
    """What is to be predicted for each raw row.

    Attributes:
        column: The raw column.
        classes: The names of the classes in the order of their indices; None for
            numbers.
        values: Class indices, int64 (rows,), or numbers, float32 (rows,), or the class
            indices of pixels, uint8 (rows, height, width).
        known: The numbers of the rows that have a value, sorted.
    """

    column: str
    classes: tuple[str, ...] | None
    values: npt.NDArray[Any]
    known: npt.NDArray[np.int64]

    def count_classes(self, rows: npt.NDArray[np.int64]) -> tuple[int, ...]:
        """Count some rows, or all of their pixels, by class; empty for numbers.

        Returns:
            Counts in the order of `classes`.
        """
        if self.classes is None:
            return ()
        number = len(self.classes)
        # Mask by mask: there are many millions of pixels.
        parts = [self.values[rows]] if self.values.ndim == 1 else self.values[rows]
        counts = np.zeros(number, np.int64)
        for part in parts:
            counts += np.bincount(part.ravel(), minlength=number)
        return tuple(counts.tolist())


def read_targets(transform: Transform, table: pa.Table) -> Targets:
    """Read what is to be predicted.

    Args:
        transform: The section of `params.yaml`, which names the column.
        table: Raw rows.

    Raises:
        RefusedError: If the column is missing, holds what it must not, or misses a
            value where that is refused.
    """
    if isinstance(transform, ResizedImageTransform) and transform.masks:
        masks = _masks(transform.masks, transform.resize, table)
        known = np.arange(len(masks))
        return Targets(transform.masks.column, transform.masks.classes, masks, known)
    if isinstance(transform.label, Label):
        label = transform.label
        indices = labels.encode(label, table)
        known = np.flatnonzero(indices != labels.MISSING)
        return Targets(label.column, label.classes, indices, known)
    target = getattr(transform, "target", None)
    assert isinstance(target, Target)
    numbers = _numbers(target, table)
    return Targets(target.column, None, numbers, np.flatnonzero(~np.isnan(numbers)))


def _masks(masks: Masks, size: Resize, table: pa.Table) -> npt.NDArray[np.uint8]:
    """Look up the class of each pixel of resized masks.

    Raises:
        RefusedError: If the column is missing, or a pixel has a value that
            `masks.values` does not name.
    """
    labels.require_column(masks.column, table)
    nearest = size.model_copy(update={"interpolation": "nearest"})
    unknown = len(masks.values)
    classes = np.full(256, unknown, np.uint8)
    classes[list(masks.values)] = range(unknown)
    found = np.empty((len(table), size.height, size.width), np.uint8)
    for row, mask in enumerate(each_image(table, masks.column)):
        found[row] = classes[resize(mask, nearest)[..., 0]]
        if (found[row] == unknown).any():
            raise RefusedError(
                f"pixels of {masks.column} must be one of "
                f"{', '.join(map(str, masks.values))}. Received: others in row {row}",
                "Correct `masks` in params.yaml, or the data.",
            )
    return found


def _numbers(target: Target, table: pa.Table) -> npt.NDArray[np.float32]:
    labels.require_column(target.column, table)
    column = table[target.column]
    try:
        numbers = pc.cast(column, pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise RefusedError(
            f"the target {target.column} must hold numbers. Received: {error}",
            "Correct `target` in params.yaml, or the data.",
        ) from None
    missing = int(np.isnan(numbers).sum())
    if missing and target.missing == "refuse":
        raise RefusedError(
            f"every row must have a number in {target.column}. Received: {missing} "
            "rows without",
            "Set `target.missing: drop` in params.yaml, or correct the data.",
        )
    with np.errstate(over="ignore"):  # what is too large for float32 is infinite
        numbers = np.asarray(numbers, np.float32)
    if infinite := np.isinf(numbers).sum():
        raise RefusedError(
            f"the target {target.column} must hold finite numbers of 32 bits. "
            f"Received: others in {infinite} rows",
            "Correct the data, or bring them to another unit.",
        )
    return numbers
