"""Prepared data: arrays that can be memory-mapped, and what they mean."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pedigree.errors import WrongUseError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Column:
    """A column of the raw table that a model takes.

    Attributes:
        name: Its name in the source.
        type: `double`, `long` or `string`; `longs` for a list of whole numbers.
        nullable: Whether values are missing in the raw data.
    """

    name: str
    type: Literal["double", "long", "string", "longs"]
    nullable: bool


@dataclass(frozen=True)
class Meta:
    """What the prepared arrays mean.

    Attributes:
        kind: The kind of the transform.
        target: The raw column that is predicted.
        classes: The names of the classes, in the order of their indices; None where
            numbers are predicted.
        input_shape: The shape of one example.
        divide_by: What the model divides its input by; None for tables.
        feature_names: The names of the columns of `x`; empty for images. Of a text,
            what a token is: `character` or `word`.
        columns: The raw columns without the label; empty for images.
        rows: The number of rows of each split that there is.
        class_counts: The rows of each class, per split, in the order of `classes`;
            empty where numbers are predicted.
        duplicates: The rows of a split that another, or an earlier row of the split
            itself, is equal to: by split and that other one, before any was dropped.
        dropped: The rows of each split that were dropped as copies.
    """

    kind: Literal["image", "multi_hot", "tabular", "tokens"]
    target: str
    classes: tuple[str, ...] | None
    input_shape: tuple[int, ...]
    divide_by: float | None
    feature_names: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: Mapping[str, int]
    class_counts: Mapping[str, tuple[int, ...]]
    duplicates: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


class Arrays(NamedTuple):
    """One split.

    Attributes:
        x: uint8 images (rows, height, width, channels), float32 (rows, features), or
            tokens of a text in their order, uint8 or int32 (rows, 1).
        y: Class indices, int64 (rows,), or numbers, float32 (rows,).
        rows: Row numbers in the raw splits one after the other, int64 (rows,).
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]


def write_split(folder: Path, split: str, arrays: Arrays) -> None:
    """Write `x.npy`, `y.npy` and `rows.npy` below `folder/split`."""
    target = folder / split
    target.mkdir(parents=True, exist_ok=True)
    for name, array in arrays._asdict().items():
        np.save(target / f"{name}.npy", array, allow_pickle=False)


def open_split(folder: Path, split: str) -> Arrays:
    """Open a split without reading it: the arrays are memory-mapped.

    Args:
        folder: `data/prepared/<features>`.
        split: `train`, `validation` or `test`.

    Raises:
        WrongUseError: If the split is not there.
    """
    try:
        return Arrays(
            *(
                np.load(folder / split / f"{name}.npy", mmap_mode="r")
                for name in Arrays._fields
            )
        )
    except FileNotFoundError as error:
        raise _missing(folder, error) from None


def write_meta(folder: Path, meta: Meta) -> None:
    """Write `meta.json`."""
    text = json.dumps(asdict(meta), indent=2, sort_keys=True, ensure_ascii=False)
    (folder / "meta.json").write_text(text + "\n", "utf-8")


def read_meta(folder: Path) -> Meta:
    """Read `meta.json`.

    Args:
        folder: `data/prepared/<features>`.

    Raises:
        WrongUseError: If the file is not there.
    """
    try:
        data = json.loads((folder / "meta.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise _missing(folder, error) from None
    data["columns"] = tuple(Column(**column) for column in data["columns"])
    data["class_counts"] = {
        split: tuple(counts) for split, counts in data["class_counts"].items()
    }
    for name in ("classes", "input_shape", "feature_names"):
        data[name] = None if data[name] is None else tuple(data[name])
    return Meta(**data)


def _missing(folder: Path, error: FileNotFoundError) -> WrongUseError:
    return WrongUseError(
        f"{folder} must hold prepared data. Received: no {error.filename}",
        f"Run `dvc repro preprocess@{folder.name}`.",
    )
