"""Batches of prepared arrays, in an order drawn from (seed, epoch)."""

import math
from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.models.predictor import rows_at_once
from pedigree.training.keras.targets import Targets

Batch = tuple[NDArray[np.generic], ...]
Augment = Callable[[NDArray[np.generic], int], NDArray[np.generic]]


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Endless batches; a batch is a pure function of the number of its step.

    Keras reads ahead across the end of an epoch, so an order that is drawn anew in
    `on_epoch_end` is not repeatable. Here the step alone decides, so a training that
    is resumed sees the batches it would have seen.

    Args:
        x: Prepared examples, shape (rows, *input shape); may be memory-mapped.
        y: Targets by rows.
        batch_size: Rows per batch; the last batch of an epoch may be smaller.
        seed: Seed of the order.
        first_epoch: The epoch that step 0 belongs to, counted from 0.
        weights: The weight of each row, shape (rows,).
        augment: Changes the examples of a batch, given the number of the step since the
            beginning of the training.
    """

    def __init__(
        self,
        x: NDArray[np.generic],
        y: Targets,
        batch_size: int,
        seed: int,
        first_epoch: int = 0,
        weights: NDArray[np.float32] | None = None,
        augment: Augment | None = None,
    ) -> None:
        super().__init__()
        self.x, self.y, self.weights = x, y, weights
        self.batch_size, self.augment = batch_size, augment
        self._seed, self._first_epoch = seed, first_epoch
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    @property
    def num_batches(self) -> None:
        """None: the batches never end, Keras stops after `steps_per_epoch`."""
        return

    @property
    def steps_per_epoch(self) -> int:
        """Batches that hold every row once."""
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step, counted from the beginning of the first epoch."""
        epoch, position = divmod(step, self.steps_per_epoch)
        start = position * self.batch_size
        rows = self.order(epoch)[start : start + self.batch_size]
        x = self.x[rows]
        if self.augment:
            x = self.augment(x, self._first_epoch * self.steps_per_epoch + step)
        batch: Batch = (x, self.y[rows])
        if self.weights is not None:
            batch += (self.weights[rows],)
        return batch

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The order of the rows in an epoch, counted from the first one."""
        known, order = self._order
        if known != epoch:
            generator = np.random.default_rng([self._seed, self._first_epoch + epoch])
            order = generator.permutation(len(self.x))
            self._order = (epoch, order)
        return order


class ValidationBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """The rows of a split once, in their order.

    Args:
        x: Prepared examples, shape (rows, *input shape); may be memory-mapped.
        y: Targets by rows.
        batch_size: Rows per batch; without it, as many as fit into the memory.
    """

    def __init__(
        self, x: NDArray[np.generic], y: Targets, batch_size: int | None = None
    ) -> None:
        super().__init__()
        self._x, self._y = x, y
        self._batch_size = batch_size or rows_at_once(x.shape[1:])

    @property
    def num_batches(self) -> int:
        """Batches that hold every row once."""
        return math.ceil(len(self._x) / self._batch_size)

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step."""
        rows = slice(step * self._batch_size, (step + 1) * self._batch_size)
        return self._x[rows], self._y[rows]
