"""Keras callbacks of a training: those of its parameters, and the recorder."""

import time
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np

from pedigree.errors import RefusedError
from pedigree.params.train import KerasTrain
from pedigree.training.keras.checkpoint import Checkpoint, CheckpointFile, Progress

EpochListener = Callable[[Mapping[str, float], int], None]


def build_callbacks(parameters: KerasTrain) -> list[keras.callbacks.Callback]:
    """Build the callbacks that the section `train` asks for."""
    callbacks: list[keras.callbacks.Callback] = []
    if parameters.reduce_learning_rate:
        values = parameters.reduce_learning_rate.model_dump(exclude_none=True)
        callbacks.append(keras.callbacks.ReduceLROnPlateau(**values))
    if parameters.early_stopping:
        values = parameters.early_stopping.model_dump()
        callbacks.append(keras.callbacks.EarlyStopping(**values))
    return callbacks


# Of the time of a training, checkpoints take one part in so many at the most, the last
# one aside.
CHECKPOINT_SHARE = 50


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the history, tells a listener of each epoch, and saves a checkpoint.

    It stands last in the list of callbacks, so that what it saves is the state after
    all others have acted on an epoch. Where epochs are short, some go by without a
    checkpoint: a training that is killed then does them again, with the same result.
    The last one has its checkpoint: a training that is done is not done again.

    Args:
        file: Where checkpoints are kept.
        checkpoint: The checkpoint to go on from, if any.
        others: The callbacks whose memory belongs into the checkpoint.
        on_epoch: Called with the figures of an epoch and its number from 1.
    """

    def __init__(
        self,
        file: CheckpointFile,
        checkpoint: Checkpoint | None,
        others: Sequence[keras.callbacks.Callback],
        on_epoch: EpochListener,
    ) -> None:
        super().__init__()
        self._file, self._checkpoint = file, checkpoint
        self._others, self._on_epoch = others, on_epoch
        self.progress = checkpoint.progress if checkpoint else Progress()
        self._next_save = 0.0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Give the other callbacks back what they have just forgotten.

        The listener hears of the epochs that are done: it may be new.
        """
        del logs
        if self._checkpoint:
            self._checkpoint.restore_callbacks(self._others)
        for row in self.progress.history:
            figures = dict(row)
            self._on_epoch(figures, int(figures.pop("epoch")))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keep the figures of an epoch and save a checkpoint.

        Raises:
            RefusedError: If the loss is not a finite number.
        """
        figures = {name: float(value) for name, value in (logs or {}).items()}
        # Where a callback has just changed the rate, it has told that of the epoch.
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        figures.setdefault("learning_rate", float(rate))
        self.progress.history.append({"epoch": epoch + 1, **figures})
        self.progress.epochs = epoch + 1
        self.progress.stopped = bool(self.model.stop_training)
        self._on_epoch(figures, epoch + 1)
        _require_finite(figures["loss"], epoch + 1)
        ends = self.progress.stopped or epoch + 1 == self.params["epochs"]
        started = time.monotonic()
        if ends or started >= self._next_save:
            self._file.save(self.model, self.progress, self._others)
            ended = time.monotonic()
            self._next_save = ended + CHECKPOINT_SHARE * (ended - started)


def _require_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise RefusedError(
            f"the loss must be finite. Received: loss={loss} after epoch {epoch}",
            "Lower the learning rate, or look at the data's ranges.",
        )
