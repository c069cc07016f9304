"""What a grid of cells costs beside as many bare trainings, and whether memory grows.

usage: python bench/search.py [--cells 9] [--epochs 5] [--rounds 3]

A convolutional net on as many rows as scikit-learn's digits has, of random pixels. One
process trains all cells in a plain Keras loop; another searches, each trial with its
run in MLflow and its checkpoints. In turns; imports are not counted on either side.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROWS = {"train": 1149, "validation": 288}
SIDE, CLASSES = 8, 10
FILTERS = ((32, 32), (64, 64))
UNITS, BATCH, RATE = 64, 32, 0.001


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", choices=WAYS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(WAYS[arguments.once](arguments.cells, arguments.epochs)))
        return
    print(f"{arguments.cells} cells of {arguments.epochs} epochs, in turns")
    done: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(arguments.rounds):
        for way in WAYS:
            done[way].append(_run(way, arguments.cells, arguments.epochs))
    for way, rounds in done.items():
        memory = rounds[-1]["memory"]
        print(
            f"{way}: wall {_range(rounds, 'wall')} s, processor "
            f"{_range(rounds, 'processor')} s; MiB after the 2nd trial and the last: "
            f"{memory[1]:.0f}, {memory[-1]:.0f}"
        )
    for name in ("wall", "processor"):
        pairs = zip(done["search"], done["bare"], strict=True)
        ratios = [search[name] / bare[name] for search, bare in pairs]
        print(f"{name}: search / bare = {statistics.median(ratios):.2f}, of {ratios}")


def _run(way: str, cells: int, epochs: int) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), "--once", way]
    command += ["--cells", str(cells), "--epochs", str(epochs)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _range(rounds: list[dict[str, Any]], name: str) -> str:
    values = [each[name] for each in rounds]
    low, high = min(values), max(values)
    return f"{statistics.median(values):.1f} ({low:.1f} to {high:.1f})"


def _rows() -> dict[str, Any]:
    import numpy as np

    from pedigree.data.prepared import Arrays

    generator = np.random.default_rng(0)
    return {
        split: Arrays(
            generator.integers(0, 256, (rows, SIDE, SIDE, 1), np.uint8),
            np.arange(rows) % CLASSES,
            np.arange(rows),
        )
        for split, rows in ROWS.items()
    }


class _Clock:
    """Measures from its making on, and the memory at each call of `note`."""

    def __init__(self) -> None:
        self._wall, self._processor = time.monotonic(), time.process_time()
        self._memory: list[float] = []

    def note(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self._memory.append(pages * resource.getpagesize() / 2**20)

    def result(self) -> dict[str, Any]:
        return {
            "wall": time.monotonic() - self._wall,
            "processor": time.process_time() - self._processor,
            "memory": self._memory,
        }


def bare(cells: int, epochs: int) -> dict[str, Any]:
    import keras
    from keras import layers

    rows = _rows()
    y = {k: keras.utils.to_categorical(each.y, CLASSES) for k, each in rows.items()}
    clock = _Clock()
    for cell in range(cells):
        model = keras.Sequential(
            [keras.Input((SIDE, SIDE, 1)), layers.Rescaling(1 / 255)]
        )
        for filters in FILTERS:
            for number in filters:
                layer = layers.Conv2D(number, 3, padding="same", activation="relu")
                model.add(layer)
            model.add(layers.MaxPooling2D(2))
            model.add(layers.Dropout(_rate(cell, cells)))
        model.add(layers.Flatten())
        model.add(layers.Dense(UNITS, activation="relu"))
        model.add(layers.Dense(CLASSES, activation="softmax"))
        model.compile(
            keras.optimizers.Adam(RATE),
            "categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
        )
        model.fit(
            rows["train"].x,
            y["train"],
            batch_size=BATCH,
            epochs=epochs,
            validation_data=(rows["validation"].x, y["validation"]),
            verbose=2,
        )
        clock.note()
    return clock.result()


def search(cells: int, epochs: int) -> dict[str, Any]:
    from pedigree.tracking.run_log import RunLog
    from pedigree.tracking.store import open_client
    from pedigree.tracking.trials import TrialLog
    from pedigree.training.search.finished import FinishedTrials
    from pedigree.training.search.inputs import Inputs
    from pedigree.training.search.space import Space
    from pedigree.training.search.trials import Trial
    from pedigree.training.search.tuner import run_trials

    entry, model, train, meta = _sections(cells, epochs)
    inputs = Inputs(Space("s", entry, model, train), meta, _rows())
    client = open_client()
    created = client.create_run(client.create_experiment("bench"))
    run = RunLog(client, created.info.run_id)
    run.set_tags({"dvc.key": "bench"})
    clock = _Clock()
    log = TrialLog(run, "s")

    def on_trial(trial: Trial) -> None:
        log.log(trial.number, trial.values, trial.history, trial.failure)
        clock.note()

    finished = FinishedTrials("bench")
    run_trials(entry, inputs, finished, on_trial, lambda text: print(text))
    finished.remove()
    return clock.result()


def _sections(cells: int, epochs: int) -> tuple[Any, ...]:
    from pedigree.data.prepared import Meta
    from pedigree.params.model import Model
    from pedigree.params.searches import Search
    from pedigree.params.train import KerasTrain
    from pedigree.sections import parse

    model = {
        "architecture": "convnet",
        "blocks": FILTERS,
        "kernel": [3, 3],
        "padding": ["same", "same"],
        "pool": [2, 2],
        "activation": "relu",
        "dense": [UNITS],
        "dropout": {"blocks": [0.1, 0.1]},
        "seed": 0,
    }
    train = {
        "library": "keras",
        "loss": "categorical_crossentropy",
        "optimizer": {"name": "adam", "learning_rate": RATE},
        "batch_size": BATCH,
        "epochs": epochs,
        "seed": 0,
        "precision": "float32",
        "xla": False,
    }
    rates = [_rate(cell, cells) for cell in range(cells)]
    leaves = ["model.dropout.blocks.0", "model.dropout.blocks.1"]
    entry = {
        "experiment": "e",
        "features": "f",
        "architecture": "convnet",
        "tuner": {"kind": "grid"},
        "objective": {"metric": "val_accuracy", "direction": "max"},
        "epochs": epochs,
        "space": {"rate": {"leaves": leaves, "values": rates}},
    }
    meta = Meta(
        kind="image",
        target="label",
        classes=tuple(map(str, range(CLASSES))),
        input_shape=(SIDE, SIDE, 1),
        divide_by=255,
        feature_names=(),
        columns=(),
        rows=ROWS,
        class_counts={},
    )
    path = Path("bench")
    return (
        parse(Search, entry, path),
        parse(Model, model, path),
        parse(KerasTrain, train, path),
        meta,
    )


def _rate(cell: int, cells: int) -> float:
    """Rates that differ and are not 0, which would leave a layer out."""
    return round(0.1 + 0.3 * cell / cells, 4)


WAYS = {"bare": bare, "search": search}

if __name__ == "__main__":
    main()
