"""Targets in the form that a loss asks for, made batch by batch."""

from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.params.train import KerasTrain

Rows = NDArray[np.int64] | slice


class Targets(Protocol):
    """Targets of some rows."""

    def __getitem__(self, rows: Rows) -> NDArray[Any]:
        """Make the targets of some rows."""
        ...


class ClassTargets:
    """Class indices: one-hot, as numbers 0 and 1, or as they are.

    Args:
        classes: Class indices, shape (rows,).
        loss: Name of the Keras loss.
        number_of_classes: Number of classes, for one-hot targets.
    """

    def __init__(
        self, classes: NDArray[np.int64], loss: str, number_of_classes: int
    ) -> None:
        self._classes, self._loss = classes, loss
        self._number = number_of_classes

    @cached_property
    def _one_hot(self) -> NDArray[np.float32]:
        return np.eye(self._number, dtype=np.float32)

    def __getitem__(self, rows: Rows) -> NDArray[Any]:
        """Targets of some rows: (rows, classes), (rows, 1) or (rows,)."""
        classes = self._classes[rows]
        if self._loss == "categorical_crossentropy":
            return self._one_hot[classes]
        if self._loss == "binary_crossentropy":
            return classes[:, None].astype(np.float32)
        return np.asarray(classes)


class NumberTargets:
    """Numbers.

    Args:
        numbers: Shape (rows,).
    """

    def __init__(self, numbers: NDArray[np.float32]) -> None:
        self._numbers = numbers

    def __getitem__(self, rows: Rows) -> NDArray[Any]:
        """Targets of some rows: (rows, 1)."""
        return np.asarray(self._numbers[rows][:, None], np.float32)


class InputTargets:
    """The examples themselves, scaled as the model scales them.

    Args:
        x: Prepared examples, shape (rows, *input shape).
        divide_by: What the model divides its input by.
    """

    def __init__(self, x: NDArray[Any], divide_by: float | None) -> None:
        self._x, self._divide_by = x, divide_by

    def __getitem__(self, rows: Rows) -> NDArray[Any]:
        """Targets of some rows: (rows, *input shape)."""
        inputs = np.asarray(self._x[rows], np.float32)
        return inputs / np.float32(self._divide_by) if self._divide_by else inputs


def targets_of(arrays: Arrays, meta: Meta, parameters: KerasTrain) -> Targets:
    """The targets of a split.

    Args:
        arrays: The split.
        meta: What its arrays mean.
        parameters: The section `train`.
    """
    if parameters.target == "input":
        return InputTargets(arrays.x, meta.divide_by)
    if meta.classes is None:
        return NumberTargets(arrays.y)
    return ClassTargets(arrays.y, parameters.loss, len(meta.classes))
