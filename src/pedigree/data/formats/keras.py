"""What the real loaders of `keras.datasets` return, to tables.

The loaders run with their own defaults. For texts (`imdb`, `reuters`) these are
`num_words=None`, `start_char=1`, `oov_char=2` and `index_from=3`: a sequence begins
with 1, the word of rank r is r + 3, and all words are kept but the last. (Keras takes
the largest number for the number of words, so that this one word becomes 2.)

Keras reads KERAS_HOME and KERAS_BACKEND once, when it is imported. So a loader runs in
a process of its own, which is this module's command: each call chooses the NumPy
backend, so that TensorFlow is not imported, and a home with the files of one dataset.
The sources `keras` and `keras_csv` get their files by the same loaders.
"""

import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from importlib import import_module
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.data.formats.published import missing_file
from pedigree.data.raw import table_of_images, table_of_sequences
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import KerasTable

# Where a loader looks for its files below KERAS_HOME, unless it is `datasets`.
_CACHE_FOLDERS = {"fashion_mnist": "datasets/fashion-mnist"}

# x and y; x is a `pa.ListArray` where it is ragged.
Examples = tuple[npt.NDArray[Any] | pa.ListArray, npt.NDArray[Any]]


def read(table: KerasTable, folder: Path) -> dict[str, pa.Table]:
    """Load the published files that were fetched; nothing is downloaded.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        A table for `train` and for `test`: of images or sequences, as
        `pedigree.data.raw` describes them, or of the columns that `table` names.

    Raises:
        WrongUseError: If there are no files, or the columns of a plain table are not
            named.
        RefusedError: If the loader fails, or misses a file.
    """
    published = sorted(folder.iterdir()) if folder.is_dir() else []
    if not published:
        raise missing_file(folder / "*")
    with TemporaryDirectory() as home:
        place(table.name, published, Path(home))
        examples = load(table.name, Path(home), offline=True)
    return {split: _table(table, *one) for split, one in examples.items()}


def _table(table: KerasTable, x: Any, y: npt.NDArray[Any]) -> pa.Table:
    """Make a table of one split, of the kind that the loader returns."""
    ragged = isinstance(x, pa.ListArray)
    names = table.columns or ()
    wanted = x.shape[1] + 1 if not ragged and x.ndim == 2 else 0
    if len(names) != wanted or len(set(names)) < len(names):
        raise WrongUseError(
            f"columns must name each of the {wanted} columns of {table.name}, the "
            f"target's last. Received: columns={list(names)} of format=keras in "
            "params.yaml",
            "Name every column once, and none where the loader returns no plain table.",
        )
    if ragged:
        return table_of_sequences(x, y)
    if names:
        return pa.table([*x.T.copy(), y], names=names)
    return table_of_images(x, y.reshape(-1))


def place(name: str, files: Iterable[Path], home: Path) -> Path:
    """Copy published files to where the loader looks for them.

    Args:
        name: A module of `keras.datasets`.
        files: The files that its loader would download.
        home: The folder that will be KERAS_HOME.

    Returns:
        The folder where the loader keeps its files.
    """
    folder = home / _CACHE_FOLDERS.get(name, "datasets")
    folder.mkdir(parents=True)
    for path in files:
        shutil.copyfile(path, folder / path.name)
    return folder


def download(name: str, home: Path) -> None:
    """Let the loader download what is not in its home yet.

    Raises:
        RefusedError: If the loader fails.
    """
    _run_loader(name, home)


def load(name: str, home: Path, *, offline: bool) -> dict[str, Examples]:
    """Load a dataset.

    Args:
        name: A module of `keras.datasets`.
        home: The folder to use as KERAS_HOME.
        offline: Whether the network is shut off.

    Returns:
        x and y of `train` and of `test`.

    Raises:
        RefusedError: If the loader fails, or if it needs a file and may not get it.
    """
    with TemporaryDirectory(dir=home) as arrays:
        _run_loader(name, home, "--save", arrays, *(["--offline"] if offline else []))
        return {split: load_split(Path(arrays, split)) for split in ("train", "test")}


def load_with_mirror(
    name: str, mirror: Path | None, folder: Path
) -> dict[str, Examples]:
    """Load a dataset of images; the loader downloads what a mirror lacks.

    Args:
        name: A module of `keras.datasets`.
        mirror: A folder with its published files, if there is one.
        folder: Where the loader may keep its files.

    Returns:
        x and y of `train` and of `test`.

    Raises:
        RefusedError: If the loader fails.
    """
    home = folder / ".keras"
    place(name, sorted(mirror.iterdir()) if mirror else [], home)
    return load(name, home, offline=False)


def save_split(folder: Path, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> None:
    """Save what a loader returns for one split, without pickling.

    Args:
        folder: A new folder.
        x: An array, or an array of lists of whole numbers.
        y: The labels or targets.
    """
    folder.mkdir()
    if x.dtype == object:
        lengths = np.fromiter(map(len, x), np.int32, len(x))
        np.save(folder / "lengths.npy", lengths)
        x = np.fromiter(chain.from_iterable(x), np.int32, lengths.sum(dtype=int))
    np.save(folder / "x.npy", x, allow_pickle=False)
    np.save(folder / "y.npy", y, allow_pickle=False)


def load_split(folder: Path) -> Examples:
    """Load what `save_split` has saved."""
    x, y = (np.load(folder / f"{axis}.npy") for axis in "xy")
    if (folder / "lengths.npy").exists():
        ends = np.cumsum(np.load(folder / "lengths.npy"), dtype=np.int32)
        x = pa.ListArray.from_arrays(np.concatenate([[np.int32(0)], ends]), x)
    return x, y


def _run_loader(name: str, home: Path, *arguments: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", __name__, name, *arguments],
        env={**os.environ, "KERAS_HOME": str(home), "KERAS_BACKEND": "numpy"},
        stderr=subprocess.PIPE,
        text=True,
    )
    if finished.returncode:
        cause = finished.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise RefusedError(
            f"keras.datasets.{name}.load_data() must succeed. Received: {cause[0]}",
            "Check the dataset's name and files, and the network where it is to be "
            "fetched; PEDIGREE_MIRROR serves it without a network.",
        )


def _main() -> None:
    """Run a loader in this process; `_run_loader` has set its environment."""
    parser = ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--offline", action="store_true")
    arguments = parser.parse_args()
    if arguments.offline:
        sys.addaudithook(_refuse_network)
    import keras

    if not sys.stdout.isatty():
        keras.utils.disable_interactive_logging()  # it prints a line per block
    module = import_module(f"keras.datasets.{arguments.name}")
    train, test = module.load_data()
    if arguments.save:
        save_split(arguments.save / "train", *train)
        save_split(arguments.save / "test", *test)
    elif hasattr(module, "get_word_index"):
        module.get_word_index()  # the words that the numbers stand for


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "urllib.Request":
        raise RuntimeError(f"{arguments[0]} is needed, and only fetch may download")


if __name__ == "__main__":
    _main()
