"""Every architecture, trained by its stage: the same bytes whoever runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import irregular
from pedigree import models
from pedigree.data.prepared import Arrays, Meta, write_meta, write_split

AUGMENTATION = [
    {"layer": "random_flip", "mode": "horizontal_and_vertical"},
    {"layer": "random_rotation", "factor": 0.1},
    {"layer": "random_zoom", "height_factor": 0.2},
    {"layer": "random_translation", "height_factor": 0.2, "width_factor": 0.2},
    {"layer": "random_contrast", "factor": 0.2, "value_range": [0, 1]},
    {"layer": "random_brightness", "factor": 0.2, "value_range": [0, 1]},
    {"layer": "gaussian_noise", "stddev": 0.1},
]

# A small case of each architecture: the shape of its examples, its hyperparameters.
CASES = {
    "mlp": ((5,), {"hidden": [8, 4], "activation": "relu", "dropout": [0.5, 0.2]}),
    "convnet": (
        (8, 8, 1),
        {
            "blocks": [[4], [4]],
            "kernel": [3, 3],
            "padding": ["same", "same"],
            "pool": [2, 2],
            "activation": "relu",
            "dense": [8],
            "dropout": {"blocks": [0.25], "flatten": 0.4},
            "augmentation": AUGMENTATION,
        },
    ),
    "recurrent": (
        (8, 8, 1),
        {"cell": "lstm", "units": [6, 4], "dropout": 0.5, "recurrent_dropout": 0.25},
    ),
    "conv1d": ((9, 3), {"filters": [4, 4], "kernel": [3, 2]}),
    **irregular.CASES,
}

TRAIN = {
    "library": "keras",
    "loss": "categorical_crossentropy",
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "batch_size": 16,
    "epochs": 2,
    "seed": 5,
    "precision": "float32",
    "xla": False,
}
RECONSTRUCT = TRAIN | {"loss": "mean_squared_error", "target": "input"}

TRAIN_ALL = """
import sys
from types import SimpleNamespace
from pedigree.stages import train

for name in sys.argv[1:]:
    run = SimpleNamespace(key=name, log_metrics=lambda figures, epoch: None)
    train.main(run, name, name)
"""

SOMEBODY = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C",
    "USER": "somebody",
    "LOGNAME": "somebody",
}
SOMEBODY_ELSE = {
    "PYTHONHASHSEED": "4711",
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C.UTF-8",
    "USER": "änne",
    "LOGNAME": "änne",
}
# Keras reads this file in a user's home: it must not matter.
KERAS_SETTINGS = {"floatx": "float64", "image_data_format": "channels_first"}


def architectures() -> set[str]:
    """Those that Keras trains."""
    modules = Path(models.__path__[0]).glob("*.py")
    return {
        each.stem for each in modules if "\ndef connect(" in each.read_text("utf-8")
    }


def test_every_architecture_has_a_case():
    # `transfer` needs weights of 59 MB, `char_lm` a text: see
    # tests/models/test_transfer.py and test_language_stages.py.
    assert {*CASES, "char_lm", "transfer"} == architectures()


def _prepare(folder: Path) -> None:
    """Write what the stage reads: parameters, and images or rows of three classes."""
    sections = {}
    for name, (shape, hyperparameters) in CASES.items():
        model = {"architecture": name, "seed": 3, **hyperparameters}
        train = RECONSTRUCT if name in irregular.RECONSTRUCTING else TRAIN
        if name in irregular.SEGMENTING:
            train = TRAIN | {"loss": "sparse_categorical_crossentropy"}
        sections[name] = {"model": model, "train": train}
        prepared, rows = (
            folder / "data/prepared" / name,
            {"train": 100, "validation": 40},
        )
        rng = np.random.default_rng(0)
        for split, count in rows.items():
            y = rng.integers(0, 3, count)
            targets = y
            if name in irregular.SEGMENTING:
                targets = rng.integers(0, 3, (count, *shape[:2]), np.uint8)
            x = rng.integers(0, 6, (count, *shape)) + 5 * y.reshape(
                -1, *[1] * len(shape)
            )
            write_split(
                prepared, split, Arrays(x.astype("f4"), targets, np.arange(count))
            )
        counts = {split: (count, 0, 0) for split, count in rows.items()}
        classes = ("a", "b", "c")
        meta = Meta("image", "label", classes, shape, 16.0, (), (), rows, counts)
        write_meta(prepared, meta)
    document = json.dumps({"experiments": sections})  # which is YAML too
    (folder / "params.yaml").write_text(document, "utf-8")


def _start(folder: Path, settings: object, **environment: str) -> subprocess.Popen:
    folder.mkdir()
    _prepare(folder)
    home = folder / "home"
    (home / ".keras").mkdir(parents=True)
    (home / ".keras/keras.json").write_text(json.dumps(settings), "utf-8")
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN_ALL, *CASES],
        cwd=folder,
        env=os.environ | {"HOME": str(home)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(
    scope="module",
    params=["tensorflow", pytest.param("jax", marks=pytest.mark.slow)],
)
def folders(request, tmp_path_factory):
    """Two users have trained all cases, in folders and processes of their own."""
    parent = tmp_path_factory.mktemp("users")
    one, other = parent / "one", parent / "an other"
    processes = [
        _start(one, {}, KERAS_BACKEND=request.param, **SOMEBODY),
        _start(other, KERAS_SETTINGS, KERAS_BACKEND=request.param, **SOMEBODY_ELSE),
    ]
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0, output[-3000:]
    return one, other


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("file", ["models/{}/model.keras", "reports/{}/history.csv"])
def test_two_users_write_the_same_bytes(folders, name, file):
    first, second = (folder / file.format(name) for folder in folders)
    content = first.read_bytes()
    assert content == second.read_bytes()
    for trace in (b"somebody", b"home", str(folders[0]).encode()):
        assert trace not in content


@pytest.mark.parametrize("name", CASES)
def test_no_checkpoint_is_left(folders, name):
    for folder in folders:
        assert not (folder / ".pedigree/checkpoints" / name).exists()
