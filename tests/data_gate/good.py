"""The good data that are damaged: real, small enough to be damaged a hundred times."""

import gzip
import os
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sklearn

from pedigree.catalogue.read import read_catalogue
from pedigree.data.raw import table_of_images
from pedigree.data.suite import Suite, load_suite

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data"))
SKLEARN = Path(sklearn.__file__).parent / "datasets/data"

# Rows of weatherAUS, and images of Fashion-MNIST and MNIST per split: about a seventh
# of all.
WEATHER_ROWS = 20_000
IMAGES = {"train": 9_000, "test": 1_500}

MIRRORED_FILES = {
    "seeds_binary": "seeds_binary/seeds_dataset.txt",
    "higgs_10984": "higgs/higgs.csv",
    "jena_climate_4000": "jena_climate/jena_climate_first4000.csv",
}

Images = dict[str, tuple[np.ndarray, np.ndarray]]


def mirrored(name: str) -> Path:
    """Find a file of real data, or skip the test."""
    path = MIRROR / name
    if not path.exists():
        pytest.skip(f"needs {name} in PEDIGREE_MIRROR")
    return path


@cache
def suite_of(dataset: str) -> Suite:
    """The suite of a dataset."""
    return load_suite(ROOT / f"expectations/{dataset}.yaml")


# --- files --------------------------------------------------------------------------


@cache
def whole_weather_file() -> bytes:
    return mirrored("weather_aus/weatherAUS.csv").read_bytes()


@cache
def file_of(dataset: str) -> bytes:
    """A good file of a dataset that is published as CSV."""
    if dataset == "weather_aus":
        head, *lines = whole_weather_file().splitlines(keepends=True)
        rows = np.random.default_rng(0).choice(len(lines), WEATHER_ROWS, replace=False)
        return head + b"".join(lines[row] for row in np.sort(rows))
    if dataset == "breast_cancer":
        return (SKLEARN / "breast_cancer.csv").read_bytes()
    if dataset == "digits":
        return gzip.decompress((SKLEARN / "digits.csv.gz").read_bytes())
    if dataset in MIRRORED_FILES:
        return mirrored(MIRRORED_FILES[dataset]).read_bytes()
    assert dataset == "fashion_mnist_csv"
    images, labels = (each[:50] for each in whole_fashion()["test"])
    names = ["label", *(f"pixel{number}" for number in range(1, 785))]
    values = np.column_stack([labels, images.reshape(len(images), -1)])
    lines = [",".join(names), *(",".join(map(str, row)) for row in values)]
    return "\n".join([*lines, ""]).encode()


def ingest(dataset: str, content: bytes) -> dict[str, pa.Table]:
    """Read a file as the stage does; it stands for every file of the dataset.

    Raises:
        RefusedError: If it is refused.
    """
    table = _table_sections()[dataset]
    with TemporaryDirectory() as folder:
        for _, name in table.files:
            if name is not None:
                packed = name.endswith(".gz")
                written = gzip.compress(content, 1) if packed else content
                Path(folder, name).write_bytes(written)
        module = import_module(f"pedigree.data.formats.{table.format}")
        return module.read(table, Path(folder))


@cache
def _table_sections() -> dict:
    """How the catalogue reads each dataset."""
    datasets = read_catalogue(ROOT / "catalogue").parameters.datasets
    return {name: dataset.table for name, dataset in datasets.items()}


# --- tables and images --------------------------------------------------------------


@cache
def frames_of(dataset: str) -> dict[str, pd.DataFrame]:
    """A good table by split, as data frames that nobody may change."""
    if dataset == "boston_housing":
        return _houses()
    tables = ingest(dataset, file_of(dataset))
    return {split: table.to_pandas() for split, table in tables.items()}


def _houses() -> dict[str, pd.DataFrame]:
    """What `keras.datasets.boston_housing` returns, without the seconds of Keras."""
    with np.load(mirrored("boston_housing/boston_housing.npz")) as published:
        rows = np.column_stack([published["x"], published["y"]])
    np.random.RandomState(113).shuffle(rows)
    names = _table_sections()["boston_housing"].columns
    frame = pd.DataFrame(rows, columns=list(names))
    return {"train": frame[:404], "test": frame[404:].reset_index(drop=True)}


@cache
def images_of(dataset: str) -> Images:
    """Good images and labels by split, which nobody may change."""
    if dataset == "digits":
        values = np.loadtxt(file_of("digits").splitlines(), delimiter=",", dtype=int)
        images = values[:, :-1].astype(np.uint8).reshape(-1, 8, 8)
        return _frozen({"all": (images, values[:, -1])})
    generator = np.random.default_rng(0)
    chosen = {}
    whole = whole_mnist() if dataset == "mnist" else whole_fashion()
    for split, (images, labels) in whole.items():
        rows = generator.choice(len(images), IMAGES[split], replace=False)
        chosen[split] = (images[np.sort(rows)], labels[np.sort(rows)])
    return _frozen(chosen)


@cache
def whole_fashion() -> Images:
    def content(name: str, offset: int) -> np.ndarray:
        path = mirrored(f"fashion_mnist/{name}-ubyte.gz")
        packed = gzip.decompress(path.read_bytes())
        return np.frombuffer(packed, np.uint8, offset=offset)

    return {
        split: (
            content(f"{name}-images-idx3", 16).reshape(-1, 28, 28),
            content(f"{name}-labels-idx1", 8),
        )
        for split, name in {"train": "train", "test": "t10k"}.items()
    }


@cache
def whole_mnist() -> Images:
    with np.load(mirrored("mnist/mnist.npz")) as published:
        return {
            split: (published[f"x_{split}"], published[f"y_{split}"])
            for split in ("train", "test")
        }


def tables_of(images: Images) -> dict[str, pa.Table]:
    """Raw tables of images; those that are tables already stay as they are."""
    return {
        split: part if isinstance(part, pa.Table) else table_of_images(*part)
        for split, part in images.items()
    }


def _frozen(images: Images) -> Images:
    for pair in images.values():
        for array in pair:
            array.flags.writeable = False
    return images
