"""A checkpoint per epoch, so that a killed training ends as if it had not been."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.training.checkpoints import CHECKPOINTS

# What the callbacks remember between epochs; Keras's own backup does not keep it.
_CALLBACK_STATE = {
    "EarlyStopping": ("wait", "best", "best_epoch", "stopped_epoch"),
    "ReduceLROnPlateau": ("wait", "best", "cooldown_counter"),
}


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        epochs: Epochs done.
        stopped: Whether a callback has ended the training.
        history: One row of figures per epoch.
        callbacks: What each callback remembers.
    """

    epochs: int = 0
    stopped: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)


class CheckpointFile:
    """The newest checkpoint of one training, replaced in one step per epoch.

    Args:
        key: What identifies the training: its inputs, code and parameters. A changed
            input has another key, so no checkpoint is ever resumed by mistake; nor is
            one of another backend or version of Keras, which would compute otherwise.
    """

    def __init__(self, key: str) -> None:
        self._folder = CHECKPOINTS / key
        version = f"{keras.backend.backend()}-{keras.__version__}"
        self._path = self._folder / f"{version}.npz"

    def save(
        self,
        model: keras.Model,
        progress: Progress,
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> None:
        """Write the state of the model, its optimizer and the callbacks.

        `model.variables` hold the state of the seed generators too, without which
        dropout would draw other masks after a resumption.
        """
        arrays = _arrays("model", model.variables)
        arrays |= _arrays("optimizer", model.optimizer.variables)
        for callback in callbacks:
            name = type(callback).__name__
            progress.callbacks[name] = {
                key: getattr(callback, key) for key in _CALLBACK_STATE.get(name, ())
            }
            best = getattr(callback, "best_weights", None) or []
            arrays |= {f"{name}/{i}": np.asarray(v) for i, v in enumerate(best)}
        text = json.dumps(asdict(progress))
        arrays["progress"] = np.frombuffer(text.encode(), np.uint8)
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / "partial.npz"
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)

    def load(self) -> "Checkpoint | None":
        """Read the newest checkpoint, or None where there is none."""
        if not self._path.exists():
            return None
        with np.load(self._path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        progress = Progress(**json.loads(arrays.pop("progress").tobytes()))
        return Checkpoint(progress, arrays)

    def remove(self) -> None:
        """Forget the checkpoint: what came of the training is kept elsewhere."""
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read."""

    progress: Progress
    arrays: Mapping[str, NDArray[np.generic]]

    def restore_model(self, model: keras.Model) -> None:
        """Assign the weights, the seed generators and the optimizer's state."""
        for prefix, variables in (
            ("model", model.variables),
            ("optimizer", model.optimizer.variables),
        ):
            for number, variable in enumerate(variables):
                variable.assign(self.arrays[f"{prefix}/{number}"])

    def restore_callbacks(self, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        """Give each callback what it remembered."""
        for callback in callbacks:
            name = type(callback).__name__
            for key, value in self.progress.callbacks.get(name, {}).items():
                setattr(callback, key, value)
            best = [self.arrays[key] for key in _numbered(self.arrays, name)]
            if best:
                callback.best_weights = best


def _arrays(
    prefix: str, variables: Sequence[keras.Variable]
) -> dict[str, NDArray[np.generic]]:
    return {
        f"{prefix}/{number}": keras.ops.convert_to_numpy(variable)
        for number, variable in enumerate(variables)
    }


def _numbered(arrays: Mapping[str, Any], prefix: str) -> list[str]:
    names = [name for name in arrays if name.startswith(f"{prefix}/")]
    return sorted(names, key=lambda name: int(name.rpartition("/")[2]))
