"""Sequences of a text, cut out anew for each epoch."""

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError
from pedigree.params.train import Sequences
from pedigree.training.keras.batches import Batch
from pedigree.training.keras.targets import Targets

Places = NDArray[np.int64]


class TrainingSequences(keras.utils.PyDataset):  # type: ignore[misc]
    """Endless batches of sequences; a batch is a pure function of its step.

    An epoch leaves out a number of first tokens that is drawn from (seed, epoch): none
    to all of a sequence. All epochs have the same number of batches, those that there
    are whatever is left out. With `sequential`, the rest is cut into as many rows of
    equal length as a batch has; with `random`, into sequences, which are shuffled.

    Args:
        x: Tokens in their order, shape (tokens, 1); may be memory-mapped.
        y: The token that follows each of them.
        sequences: Steps and order.
        batch_size: Sequences per batch.
        seed: Seed of what is left out, and of the order.
        first_epoch: The epoch that step 0 belongs to, counted from 0.

    Raises:
        RefusedError: If there are too few tokens for one batch.
    """

    def __init__(
        self,
        x: NDArray[np.generic],
        y: Targets,
        sequences: Sequences,
        batch_size: int,
        seed: int,
        first_epoch: int = 0,
    ) -> None:
        super().__init__()
        self._x, self._y, self._sequences = x, y, sequences
        self._batch_size, self._seed = batch_size, seed
        self._first_epoch = first_epoch
        tokens = len(x) - sequences.steps
        self._steps_per_epoch = _batches(tokens, sequences.steps, batch_size)
        self._starts: tuple[int, Places] = (-1, np.empty(0, np.int64))

    @property
    def num_batches(self) -> None:
        """None: the batches never end, Keras stops after `steps_per_epoch`."""
        return

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return self._steps_per_epoch

    @property
    def tokens_per_epoch(self) -> int:
        """Tokens that an epoch predicts."""
        return self._steps_per_epoch * self._batch_size * self._sequences.steps

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step: (sequences, steps, 1) and (sequences, steps)."""
        epoch, position = divmod(step, self._steps_per_epoch)
        starts = self._starts_of(self._first_epoch + epoch)[position]
        return _cut(self._x, self._y, starts, self._sequences.steps)

    def _starts_of(self, epoch: int) -> Places:
        known, starts = self._starts
        if known != epoch:
            starts = self._draw(np.random.default_rng([self._seed, epoch]))
            self._starts = (epoch, starts)
        return starts

    def _draw(self, generator: np.random.Generator) -> Places:
        """Draw where the sequences of an epoch begin, shape (batches, sequences)."""
        steps, rows = self._sequences.steps, self._batch_size
        left_out = int(generator.integers(steps, endpoint=True))
        tokens = len(self._x) - left_out
        if self._sequences.partition == "sequential":
            starts = _sequential_starts(tokens, steps, rows)[: self._steps_per_epoch]
        else:
            order = generator.permutation(tokens // steps)
            starts = steps * order[: self._steps_per_epoch * rows].reshape(-1, rows)
        return left_out + starts


class ValidationSequences(keras.utils.PyDataset):  # type: ignore[misc]
    """The tokens of a split once, in rows of equal length from the first one on.

    Args:
        x: Tokens in their order, shape (tokens, 1); may be memory-mapped.
        y: The token that follows each of them.
        steps: Tokens of a sequence.
        batch_size: Sequences per batch.

    Raises:
        RefusedError: If there are too few tokens for one batch.
    """

    def __init__(
        self, x: NDArray[np.generic], y: Targets, steps: int, batch_size: int
    ) -> None:
        super().__init__()
        _batches(len(x), steps, batch_size)
        self._x, self._y, self._steps = x, y, steps
        self._starts = _sequential_starts(len(x), steps, batch_size)

    @property
    def num_batches(self) -> int:
        """Batches of whole sequences."""
        return len(self._starts)

    def __getitem__(self, step: int) -> Batch:
        """The batch of a step: (sequences, steps, 1) and (sequences, steps)."""
        return _cut(self._x, self._y, self._starts[step], self._steps)


class StateReset(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets every pass through a text begin with a state of zeros.

    So no state has to survive between epochs, nor does a checkpoint have to hold one.
    """

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Forget what the epoch before has left."""
        del epoch, logs
        self._reset()

    def on_test_begin(self, logs: object = None) -> None:
        """Forget the training text before the validation text."""
        del logs
        self._reset()

    def _reset(self) -> None:
        for layer in self.model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()


def _batches(tokens: int, steps: int, batch_size: int) -> int:
    """Count the batches of whole sequences in rows of equal length."""
    batches = tokens // batch_size // steps
    if batches < 1:
        raise RefusedError(
            f"a split must have tokens for one batch, {batch_size} sequences of "
            f"{steps}, whatever is left out of it. Received: {max(0, tokens)}",
            "Correct `train.sequences`, `train.batch_size` or `features.*.split` in "
            "params.yaml.",
        )
    return batches


def _sequential_starts(tokens: int, steps: int, batch_size: int) -> Places:
    """Where sequences begin whose rows go on, shape (batches, sequences)."""
    length = tokens // batch_size
    return np.add.outer(
        steps * np.arange(length // steps), length * np.arange(batch_size)
    )


def _cut(x: NDArray[np.generic], y: Targets, starts: Places, steps: int) -> Batch:
    rows = np.add.outer(starts, np.arange(steps))
    return x[rows], y[rows]
