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
class Windows:
    """How examples are cut out of a series, and what is predicted for them.

    Attributes:
        sampling_rate: Rows from one step of a window to the next.
        delay: Rows from the first step to the row whose target is predicted.
        feature: Which feature is the target at an earlier time.
        mean: What was taken from the target's values when they were normalised.
        deviation: What they were divided by then.
    """

    sampling_rate: int
    delay: int
    feature: int
    mean: float
    deviation: float


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
        standardized: How many columns of `x`, from the first, are standardised by the
            training rows alone.
        feature_names: The names of the columns of `x`; empty for images. Of a text,
            what a token is: `character` or `word`.
        columns: The raw columns without the label; empty for images.
        rows: The number of rows of each split that there is.
        class_counts: The rows of each class, per split, in the order of `classes`, or
            its pixels where these have classes; empty where numbers are predicted.
        duplicates: The rows of a split that another, or an earlier row of the split
            itself, is equal to: by split and that other one, before any was dropped.
        dropped: The rows of each split that were dropped as copies.
        windows: How examples are cut out of a series; None where each is a row.
    """

    kind: Literal[
        "image",
        "multi_hot",
        "resized_image",
        "tabular",
        "tokens",
        "vgg16_features",
        "windows",
    ]
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
    standardized: int = 0
    windows: Windows | None = None


class Arrays(NamedTuple):
    """One split.

    Attributes:
        x: uint8 images (rows, height, width, channels), float32 (rows, features), or
            windows of a series, float32 (windows, steps, features), or tokens of a text
            in their order, uint8 or int32 (rows, 1).
        y: Class indices, int64 (rows,), or numbers, float32 (rows,), or the class
            indices of pixels, uint8 (rows, height, width).
        rows: Row numbers in the raw splits one after the other, int64 (rows,); for
            windows, those of the rows whose target is predicted.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]


def cut_windows(
    series: npt.NDArray[Any], steps: int, sampling_rate: int
) -> npt.NDArray[Any]:
    """View a series as the windows that begin at each of its rows and fit into it.

    They share the memory of the series, so they cost none: only the windows that are
    taken out, `windows[rows]`, are copied.

    Args:
        series: Shape (rows, features); may be memory-mapped.
        steps: Steps of a window.
        sampling_rate: Rows from one step to the next.

    Returns:
        Shape (rows - (steps - 1) * sampling_rate, steps, features), read-only.
    """
    length = (steps - 1) * sampling_rate + 1
    runs = np.lib.stride_tricks.sliding_window_view(series, length, axis=0)
    return runs[:, :, ::sampling_rate].swapaxes(1, 2)


def write_split(folder: Path, split: str, arrays: Arrays) -> None:
    """Write `x.npy`, `y.npy` and `rows.npy` below `folder/split`.

    Args:
        folder: `data/prepared/<features>`.
        split: `train`, `validation` or `test`.
        arrays: The split; for windows, `x` is the series that they are cut out of.
    """
    target = folder / split
    target.mkdir(parents=True, exist_ok=True)
    for name, array in arrays._asdict().items():
        np.save(target / f"{name}.npy", array, allow_pickle=False)


def open_split(folder: Path, split: str) -> Arrays:
    """Open a split without reading it: the arrays are memory-mapped.

    Windows are cut out of a series that way too, see `cut_windows`.

    Args:
        folder: `data/prepared/<features>`.
        split: `train`, `validation` or `test`.

    Raises:
        WrongUseError: If the split is not there.
    """
    meta = read_meta(folder)
    try:
        arrays = Arrays(
            *(
                np.load(folder / split / f"{name}.npy", mmap_mode="r")
                for name in Arrays._fields
            )
        )
    except FileNotFoundError as error:
        raise _missing(folder, error) from None
    if meta.windows is None:
        return arrays
    steps, rate = meta.input_shape[0], meta.windows.sampling_rate
    return arrays._replace(x=cut_windows(arrays.x, steps, rate)[: len(arrays.y)])


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
    if data.get("windows"):
        data["windows"] = Windows(**data["windows"])
    return Meta(**data)


def _missing(folder: Path, error: FileNotFoundError) -> WrongUseError:
    return WrongUseError(
        f"{folder} must hold prepared data. Received: no {error.filename}",
        f"Run `dvc repro preprocess@{folder.name}`.",
    )
