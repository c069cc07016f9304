"""A protocol that is killed goes on with the part it was in, to the same bytes."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError
from pedigree.params.model import Model
from pedigree.params.train import KerasTrain
from pedigree.sections import parse
from pedigree.training.checkpoints import CHECKPOINTS, checkpoints_kept
from pedigree.training.protocol import train_by_protocol
from pedigree.training.training import Training

MODEL = {"architecture": "mlp", "hidden": [4], "activation": "relu", "dropout": [0.2]}
TRAIN = {
    "library": "keras",
    "loss": "categorical_crossentropy",
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "batch_size": 16,
    "epochs": 3,
    "seed": 0,
    "precision": "float32",
    "xla": False,
}
STOPPING = {"monitor": "val_loss", "patience": 1, "restore_best_weights": True}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "repeats": {"repeats": 3},
    "cross_validation": {
        "cross_validation": {"folds": 2, "shuffle": False, "seed": 0},
        "early_stopping": STOPPING,
    },
    "refit": {"refit": {"epochs": "best", "monitor": "val_accuracy"}},
}
OUTPUT = Path("models/small")


class KilledError(BaseException):
    """Whatever ends a process: no `except Exception` holds it up."""


class Epochs:
    """Counts the epochs that are trained, and ends one.

    Attributes:
        trained: How many there were.
        kill_in: The number of the epoch that is not finished.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        from pedigree.training.keras.callbacks import Recorder

        self.trained, self.kill_in = 0, 0
        finish = Recorder.on_epoch_end

        def on_epoch_end(recorder: Any, epoch: int, logs: Any = None) -> None:
            self.trained += 1
            if self.trained == self.kill_in:
                raise KilledError
            finish(recorder, epoch, logs)

        patch.setattr(Recorder, "on_epoch_end", on_epoch_end)


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Epochs:
    from pedigree.training.keras import callbacks

    monkeypatch.chdir(tmp_path)
    # No checkpoint after the first epoch but where one is due in any case.
    monkeypatch.setattr(callbacks, "CHECKPOINT_SHARE", 1e9)
    return Epochs(monkeypatch)


def rows_of(start: int, end: int) -> Arrays:
    rows = np.arange(start, end, dtype=np.int64)
    x = np.random.default_rng(start).normal(size=(len(rows), 5)).astype(np.float32)
    return Arrays(x, rows % 3, rows)


def run(key: str, **protocol: Any) -> tuple[dict[str, bytes], list[Any]]:
    """Run a protocol as the stage does, whose outputs DVC deletes before.

    Returns:
        The bytes of its files, and the history.
    """
    from pedigree.training.keras.train import train

    shutil.rmtree(OUTPUT, ignore_errors=True)
    parameters = parse(KerasTrain, {**TRAIN, **protocol}, Path("params.yaml"))
    meta = Meta(
        kind="tabular",
        target="class",
        classes=("a", "b", "c"),
        input_shape=(5,),
        divide_by=None,
        feature_names=tuple("vwxyz"),
        columns=(),
        rows={},
        class_counts={},
    )
    splits = {"train": rows_of(0, 32)}
    if "cross_validation" not in protocol:
        splits["validation"] = rows_of(32, 48)
    model = parse(Model, {**MODEL, "seed": 0}, Path("params.yaml"))
    training = Training(train, model, parameters, meta, key, lambda *_: None)
    OUTPUT.mkdir(parents=True)
    with checkpoints_kept(key):
        history = train_by_protocol(training, splits, OUTPUT).history
    files = {str(p): p.read_bytes() for p in OUTPUT.rglob("*") if p.is_file()}
    return files, history


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_part_that_is_done_is_not_done_again(epochs: Epochs, name: str) -> None:
    protocol = PROTOCOLS[name]
    expected = run("alone", **protocol)
    alone, epochs.trained = epochs.trained, 0
    # Early stopping lets the first fold end early; its history stands beside it.
    folds = OUTPUT / "folds/001/history.csv"
    first = len(folds.read_text().splitlines()) - 1 if folds.exists() else 3
    epochs.kill_in = first + 1  # the first epoch of the second part
    with pytest.raises(KilledError):
        run("killed", **protocol)
    assert len(list(CHECKPOINTS.iterdir())) == 1
    epochs.trained, epochs.kill_in = 0, 0
    assert run("killed", **protocol) == expected
    assert epochs.trained == alone - first
    assert list(CHECKPOINTS.iterdir()) == []


def test_a_run_that_is_refused_leaves_no_checkpoint(epochs: Epochs) -> None:
    """It would be refused again, and nobody would ever ask for what it has left."""
    del epochs
    sgd = {"name": "sgd", "learning_rate": 1e30, "momentum": 0.0}
    with pytest.raises(RefusedError, match="the loss must be finite"):
        run("diverged", optimizer=sgd, epochs=30)
    assert not list(CHECKPOINTS.glob("*"))


def test_checkpoints_of_other_runs_stay(epochs: Epochs) -> None:
    del epochs
    for name in ("a", "a-fold-1", "ab", "b-a"):
        (CHECKPOINTS / name).mkdir(parents=True)
    with checkpoints_kept("a"):
        assert len(list(CHECKPOINTS.iterdir())) == 4
    assert sorted(p.name for p in CHECKPOINTS.iterdir()) == ["ab", "b-a"]
