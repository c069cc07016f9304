"""How fast a training is: told of each epoch, and never part of an output."""

import time

import keras

from pedigree.training.keras.callbacks import EpochListener

TOKENS_PER_SECOND = "tokens_per_second"


class Speedometer(keras.callbacks.Callback):  # type: ignore[misc]
    """Measures the time of an epoch's training, without its validation.

    Args:
        tokens: Tokens that an epoch predicts.
        on_epoch: Called with the speed of an epoch and its number from 1.
    """

    def __init__(self, tokens: int, on_epoch: EpochListener) -> None:
        super().__init__()
        self._tokens, self._on_epoch = tokens, on_epoch
        self._begin, self._seconds = 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Start the clock."""
        del epoch, logs
        self._begin, self._seconds = time.perf_counter(), 0.0

    def on_test_begin(self, logs: object = None) -> None:
        """Stop the clock: what comes now is the validation."""
        del logs
        self._seconds = time.perf_counter() - self._begin

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Tell the speed."""
        del logs
        seconds = self._seconds or time.perf_counter() - self._begin
        self._on_epoch({TOKENS_PER_SECOND: self._tokens / seconds}, epoch + 1)
