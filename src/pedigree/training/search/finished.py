"""Trials that are done, kept until their search is: none is trained twice."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.training.checkpoints import remove_checkpoints
from pedigree.training.search.space import Cell

if TYPE_CHECKING:
    from pedigree.training.keras.checkpoint import CheckpointFile

SEARCHES = Path(".pedigree/searches")


class FinishedTrials:
    """What is kept of the trials of one search, by their values and epochs.

    keras-tuner's own files are not enough to go on from: its grid forgets which values
    come next, its Bayesian search the state of its random numbers. So a search always
    begins anew, asks for the same values again, and finds here what came of them.

    Args:
        key: What identifies the search: its inputs, code and parameters.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.folder = SEARCHES / key
        self._trials = self.folder / "trials"

    def load(self, cell: Cell) -> dict[str, Any] | None:
        """Read the `history` and the `failure` of a trial; None if it is not done."""
        path = self._path(cell)
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def save(self, cell: Cell, outcome: dict[str, Any]) -> None:
        """Keep a trial, in one step and for good: other processes may read it."""
        path = self._path(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(outcome, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def count(self) -> int:
        """How many trials are done."""
        return len(list(self._trials.glob("*.json")))

    def checkpoints(self, cell: Cell) -> "CheckpointFile":
        """Where the training of a cell is kept, however many epochs it is to take."""
        from pedigree.training.keras.checkpoint import CheckpointFile

        return CheckpointFile(f"{self.key}-{cell.digest}")

    def remove(self) -> None:
        """Forget all of it: the search has ended well."""
        shutil.rmtree(self.folder, ignore_errors=True)
        remove_checkpoints(self.key)

    def _path(self, cell: Cell) -> Path:
        return self._trials / f"{cell.digest}-{cell.train.epochs}.json"
