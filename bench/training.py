"""How fast nets are trained beside a bare Keras `fit` of the same nets.

usage: python bench/training.py [--rounds 11] [--net NET]...

Nets of the catalogue on random rows, as many and of the same shape as the published
training rows, without validation. Bare Keras gets the same arrays and trains with the
same settings. Of the pipeline, this is the work of the train stage: the order by seed
from memory-mapped arrays, the history and the checkpoints. Both in one process, in
turns of some epochs each; the first turn, which compiles, is not counted.
"""

import argparse
import contextlib
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
ROOT = Path(__file__).resolve().parent.parent
PREPARED = Path("prepared")
Turn = Callable[[], object]


class Data(NamedTuple):
    """Training rows as they are prepared, and the epochs of a turn."""

    kind: str
    rows: int
    shape: tuple[int, ...]
    highest: int
    classes: int
    divide_by: float | None
    epochs: int


NETS = {
    "imdb_16_16": Data("multi_hot", 15_000, (10_000,), 1, 2, None, 6),
    "mnist_lr_ok": Data("image", 48_000, (28, 28, 1), 255, 10, 255, 1),
    "weather_mlp": Data("tabular", 91_003, (141,), 0, 2, None, 2),
    "mnist_convnet_32_64_128": Data("image", 60_000, (28, 28, 1), 255, 10, 255, 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--net", action="append", choices=NETS)
    arguments = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}; medians (ranges) of "
        f"{arguments.rounds} rounds"
    )
    for net in arguments.net or NETS:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            _write_rows(NETS[net])
            _compare(net, NETS[net], arguments.rounds)
            os.chdir(ROOT)


def _write_rows(data: Data) -> None:
    """Write random training rows as `preprocess` does: numbers or bytes."""
    from pedigree.data.prepared import Arrays, Meta, write_meta, write_split

    generator = np.random.default_rng(0)
    shape = (data.rows, *data.shape)
    x = (
        generator.integers(0, data.highest, shape, np.uint8, endpoint=True)
        if data.highest
        else generator.standard_normal(shape, np.float32)
    )
    y = generator.integers(0, data.classes, data.rows)
    write_split(PREPARED, "train", Arrays(x, y, np.arange(data.rows)))
    meta = Meta(
        kind=data.kind,  # type: ignore[arg-type]
        target="label",
        classes=tuple(map(str, range(data.classes))),
        input_shape=data.shape,
        divide_by=data.divide_by,
        feature_names=(),
        columns=(),
        rows={"train": data.rows},
        class_counts={},
    )
    write_meta(PREPARED, meta)


def _compare(net: str, data: Data, rounds: int) -> None:
    ways = {"bare": _bare(net, data), "pedigree": _pedigree(net, data)}
    costs: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        # Whoever was first is second in the next round.
        for way in sorted(ways, reverse=bool(number % 2)):
            cost = _cost(ways[way])
            if number:
                costs[way].append(cost)
    rows = data.rows * data.epochs
    print(f"\n{net}: rounds of {data.epochs} epochs of {data.rows:,} rows")
    for unit, name in enumerate(("of the clock", "of processors")):
        seconds = {way: [each[unit] for each in costs[way]] for way in ways}
        for way in ways:
            rates = [rows / each for each in seconds[way]]
            print(f"  {way:9} {_range(rates, ',.0f')} rows per second {name}")
        pairs = zip(seconds["pedigree"], seconds["bare"], strict=True)
        ratios = [pedigree / bare for pedigree, bare in pairs]
        print(f"  takes     {_range(ratios, '.3f')} times as long")
    sys.stdout.flush()


def _cost(turn: Turn) -> tuple[float, float]:
    """Seconds of the clock, and of processors, which a busy machine disturbs less."""
    wall, processor = time.monotonic(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):  # a line per epoch
        turn()
    return time.monotonic() - wall, time.process_time() - processor


def _range(values: list[float], form: str) -> str:
    low, high = min(values), max(values)
    return f"{statistics.median(values):{form}} ({low:{form}} to {high:{form}})"


def _bare(net: str, data: Data) -> Turn:
    """The net as one would train it in a notebook."""
    import keras
    from keras import layers

    if net == "imdb_16_16":
        connected = [layers.Dense(16, activation="relu") for _ in range(2)]
        connected += [layers.Dense(1, activation="sigmoid")]
        optimizer, batch_size = keras.optimizers.RMSprop(0.001), 512
    elif net == "weather_mlp":
        connected = [layers.Dense(256, activation="relu"), layers.Dropout(0.3)]
        connected += [layers.Dense(128, activation="relu"), layers.Dropout(0.3)]
        connected += [layers.Dense(1, activation="sigmoid")]
        optimizer, batch_size = keras.optimizers.Adam(0.001), 512
    elif net == "mnist_lr_ok":
        connected = [layers.Rescaling(1 / 255), layers.Flatten()]
        connected += [layers.Dense(512, activation="relu")]
        connected += [layers.Dense(10, activation="softmax")]
        optimizer, batch_size = keras.optimizers.RMSprop(0.01), 128
    else:
        connected = [layers.Rescaling(1 / 255)]
        connected += [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2)]
        connected += [layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2)]
        connected += [layers.Conv2D(128, 3, activation="relu"), layers.Flatten()]
        connected += [layers.Dense(10, activation="softmax")]
        optimizer, batch_size = keras.optimizers.RMSprop(0.001), 64
    model = keras.Sequential([keras.Input(data.shape), *connected])
    kind = "binary" if data.classes == 2 else "sparse_categorical"
    loss = f"{kind}_crossentropy"
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    x, y = (np.load(PREPARED / "train" / f"{name}.npy") for name in "xy")
    return lambda: model.fit(x, y, batch_size, data.epochs, verbose=2)


def _pedigree(net: str, data: Data) -> Turn:
    """The net as the train stage trains it."""
    from pedigree.catalogue.read import read_catalogue
    from pedigree.data.prepared import open_split, read_meta
    from pedigree.models.build import build_model
    from pedigree.models.head import head_for
    from pedigree.params.model import Model
    from pedigree.params.train import KerasTrain
    from pedigree.sections import parse
    from pedigree.training.keras.checkpoint import CheckpointFile
    from pedigree.training.keras.fit import Examples, compile_model, fit
    from pedigree.training.keras.targets import targets_of

    path = ROOT / "catalogue"
    entry = read_catalogue(path).entries["experiments"][net]
    # What watches validation has nothing to watch here.
    watching = dict.fromkeys(("early_stopping", "reduce_learning_rate"))
    section = {**entry["train"], **watching, "epochs": data.epochs}
    parameters: Any = parse(KerasTrain, section, path)
    meta, arrays = read_meta(PREPARED), open_split(PREPARED, "train")
    head = head_for(parameters.loss, data.classes)
    architecture = parse(Model, entry["model"], path)
    model = build_model(architecture, data.shape, data.divide_by, head)
    compile_model(model, parameters)
    examples = Examples(arrays.x, targets_of(arrays, meta, parameters))
    checkpoints = CheckpointFile("bench")

    def turn() -> None:
        fit(model, examples, None, parameters, checkpoints, lambda *_: None)
        checkpoints.remove()

    return turn


if __name__ == "__main__":
    main()
