"""Images and labels by the real loaders of `keras.datasets`, to tables of images.

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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.data.formats.published import missing_file
from pedigree.data.raw import table_of_images
from pedigree.errors import RefusedError
from pedigree.params import KerasTable

# Where a loader looks for its files below KERAS_HOME, unless it is `datasets`.
_CACHE_FOLDERS = {"fashion_mnist": "datasets/fashion-mnist"}

Examples = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def read(table: KerasTable, folder: Path) -> dict[str, pa.Table]:
    """Load the published files that were fetched; nothing is downloaded.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        A table of images for `train` and for `test`.

    Raises:
        WrongUseError: If there are no files.
        RefusedError: If the loader fails, or misses a file.
    """
    published = sorted(folder.iterdir()) if folder.is_dir() else []
    if not published:
        raise missing_file(folder / "*")
    with TemporaryDirectory() as home:
        place(table.name, published, Path(home))
        examples = load(table.name, Path(home), offline=True)
    return {
        split: table_of_images(images, labels.reshape(-1))
        for split, (images, labels) in examples.items()
    }


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
        paths = {
            split: [Path(arrays) / f"{axis}_{split}.npy" for axis in "xy"]
            for split in ("train", "test")
        }
        return {split: (np.load(x), np.load(y)) for split, (x, y) in paths.items()}


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
    train, test = import_module(f"keras.datasets.{arguments.name}").load_data()
    if arguments.save:
        for split, (x, y) in {"train": train, "test": test}.items():
            np.save(arguments.save / f"x_{split}.npy", x, allow_pickle=False)
            np.save(arguments.save / f"y_{split}.npy", y, allow_pickle=False)


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "urllib.Request":
        raise RuntimeError(f"{arguments[0]} is needed, and only fetch may download")


if __name__ == "__main__":
    _main()
