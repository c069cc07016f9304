"""What windows cost: memory to prepare a series, and time to train on it.

usage: python bench/windows.py [--rows N] [--rounds N] [--epochs N] [--net NET]

Makes a series of 14 columns and as many rows as the published one of Jena, in a clone
in a temporary folder. Its features are those of `jena_windows` in the catalogue,
prepared by the stage as DVC runs it, whose highest memory is told. Then a net is
trained on them by the pipeline and by a bare Keras loop on
`timeseries_dataset_from_array`, in turns, in one process.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from overhead import Clone

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
ROOT = Path(__file__).resolve().parent.parent
DATASET, FEATURES, COLUMNS = "jena_climate", "jena_windows", 14
EXPERIMENT = "jena_dense16"
NETS = {
    "dense": {"architecture": "mlp", "hidden": [16], "activation": "relu"},
    "lstm": {"architecture": "recurrent", "cell": "lstm", "units": [16]},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=420_451)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--net", choices=NETS, default="dense")
    arguments = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {arguments.rows} rows"
    )
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder, "pedigree"))
        clone.run("pedigree", "deactivate", "--all")
        clone.run("pedigree", "activate", EXPERIMENT)
        os.chdir(clone.folder)
        make_series(arguments.rows)
        prepare(clone)
        train_in_turns(arguments)
        os.chdir(ROOT)


def make_series(rows: int) -> None:
    """Write the raw data and a verdict."""
    import pyarrow as pa

    from pedigree.catalogue.read import read_catalogue
    from pedigree.data.raw import write_split
    from pedigree.data.verdict import hash_raw

    entries = read_catalogue(ROOT / "catalogue").entries
    features = entries["features"][FEATURES]
    columns = features["transform"]["columns"]
    assert len(columns) == COLUMNS
    start, step = np.datetime64("2009-01-01T00:10", "ms"), np.timedelta64(600, "s")
    table = {"Date Time": pa.array(start + np.arange(rows) * step)}
    generator = np.random.default_rng(0)
    for name in columns:
        year = 10 * np.sin(np.arange(rows) * 2 * np.pi / (144 * 365.25))
        walk = np.cumsum(generator.normal(scale=0.1, size=rows))
        table[name] = np.round(year + walk - np.linspace(0, walk[-1], rows), 2)
    write_split(Path("data/raw", DATASET), "all", pa.table(table))
    verdict = {"data": hash_raw(DATASET), "dataset": DATASET, "suite": DATASET}
    verdict |= {"success": True, "rows": {}, "results": []}
    Path("data/validated").mkdir()
    Path("data/validated", f"{DATASET}.json").write_text(json.dumps(verdict))


def prepare(clone: Clone) -> None:
    """Run the stage preprocess, its tracking included, and tell its highest memory."""
    started = time.perf_counter()
    peak = clone.peak(
        sys.executable, "-m", "pedigree.stages.preprocess", FEATURES, DATASET
    )
    seconds = time.perf_counter() - started
    print(f"preprocess: {seconds:.1f} s, {peak:.0f} MiB at its highest")


def train_in_turns(arguments: argparse.Namespace) -> None:
    """Train by both ways in turns; the first turn, which compiles, is not counted."""
    ways = {"bare": train_bare, "pedigree": train_pedigree}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(arguments.rounds + 1):
        for name, train in ways.items():
            started = time.perf_counter()
            train(arguments.net, arguments.epochs)
            if turn:
                seconds[name].append(time.perf_counter() - started)
    for name, each in seconds.items():
        ratios = [one / bare for one, bare in zip(each, seconds["bare"], strict=True)]
        print(
            f"{arguments.net}, {name:9} median {statistics.median(each):6.1f} s "
            f"({min(each):.1f} to {max(each):.1f})  "
            f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to "
            f"{max(ratios):.3f}), {len(each)} rounds"
        )


def train_bare(net: str, epochs: int) -> None:
    """Train as the published code does, on all rows of each split."""
    import keras

    folder = Path("data/prepared", FEATURES)
    series = {
        name: np.load(folder / name / "x.npy") for name in ("train", "validation")
    }
    targets = {name: np.load(folder / name / "y.npy") for name in series}
    datasets = {
        name: keras.utils.timeseries_dataset_from_array(
            # As many windows as have a target, one row per window's first step.
            series[name][: len(targets[name]) + 119 * 6],
            targets[name],
            sequence_length=120,
            sampling_rate=6,
            batch_size=256,
            shuffle=True,
        )
        for name in series
    }
    inputs = keras.Input((120, COLUMNS))
    if net == "dense":
        outputs = keras.layers.Flatten()(inputs)
        outputs = keras.layers.Dense(16, activation="relu")(outputs)
    else:
        outputs = keras.layers.LSTM(16)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(outputs))
    model.compile("rmsprop", "mse", metrics=["mae"], jit_compile=False)
    model.fit(
        datasets["train"],
        validation_data=datasets["validation"],
        epochs=epochs,
        verbose=0,
        callbacks=[keras.callbacks.ModelCheckpoint("bare.keras", save_best_only=True)],
    )


def train_pedigree(net: str, epochs: int) -> None:
    """Train as the stage does, with its checkpoints and its archive."""
    from pedigree.data.prepared import open_split, read_meta
    from pedigree.params.model import Model
    from pedigree.params.train import KerasTrain
    from pedigree.sections import parse
    from pedigree.training.keras.train import train

    folder = Path("data/prepared", FEATURES)
    parameters = {
        "library": "keras",
        "loss": "mean_squared_error",
        "optimizer": {"name": "rmsprop", "learning_rate": 0.001},
        "batch_size": 256,
        "epochs": epochs,
        "seed": 0,
        "precision": "float32",
        "xla": False,
        "early_stopping": {
            "monitor": "val_loss",
            "patience": epochs,
            "restore_best_weights": True,
        },
    }
    Path("model").mkdir(exist_ok=True)
    train(
        parse(Model, {"seed": 0, **NETS[net]}, "bench", ()),
        parse(KerasTrain, parameters, "bench", ()),
        read_meta(folder),
        {name: open_split(folder, name) for name in ("train", "validation")},
        Path("model"),
        "bench",
        lambda *_: None,
    )


if __name__ == "__main__":
    main()
