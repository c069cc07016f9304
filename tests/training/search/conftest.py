"""A small experiment, a search on it, and trainings that are only pretended."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pedigree.data.prepared import Arrays, Meta, write_meta, write_split
from pedigree.params.model import Model
from pedigree.params.searches import Search
from pedigree.params.train import KerasTrain
from pedigree.sections import parse

MODEL: dict[str, Any] = {
    "architecture": "mlp",
    "hidden": [4, 4],
    "activation": "relu",
    "dropout": [0.1, 0.1],
    "seed": 0,
}
TRAIN: dict[str, Any] = {
    "library": "keras",
    "loss": "categorical_crossentropy",
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "batch_size": 16,
    "epochs": 9,
    "seed": 0,
    "precision": "float32",
    "xla": False,
}
SEARCH: dict[str, Any] = {
    "experiment": "small",
    "features": "few",
    "architecture": "mlp",
    "tuner": {"kind": "grid"},
    "objective": {"metric": "val_accuracy", "direction": "max"},
    "epochs": 2,
    "space": {
        "rate": {"leaves": ["model.dropout.0", "model.dropout.1"], "values": [0, 0.5]},
        "train.batch_size": [8, 16],
    },
}


@pytest.fixture
def model() -> Model:
    return parse(Model, MODEL, Path("params.yaml"))


@pytest.fixture
def train() -> KerasTrain:
    return parse(KerasTrain, TRAIN, Path("params.yaml"))


@pytest.fixture
def search() -> Callable[..., Search]:
    """Make a search that differs in some keys."""

    def make(**changes: Any) -> Search:
        return parse(Search, {**SEARCH, **changes}, Path("params.yaml"), ("s",))

    return make


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Prepared rows of three classes, below the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "data/prepared/few"
    generator = np.random.default_rng(0)
    rows = {"train": 32, "validation": 16, "test": 8}
    for split, number in rows.items():
        x = generator.normal(size=(number, 5)).astype(np.float32)
        y = np.arange(number, dtype=np.int64) % 3
        write_split(folder, split, Arrays(x, y, np.arange(number, dtype=np.int64)))
    meta = Meta(
        kind="tabular",
        target="class",
        classes=("a", "b", "c"),
        input_shape=(5,),
        divide_by=None,
        feature_names=tuple("vwxyz"),
        columns=(),
        rows=rows,
        class_counts={},
    )
    write_meta(folder, meta)
    return folder
