"""Versions as they are served, without a net: predictors are functions here."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pedigree.data.prepared import Meta
from pedigree.data.transforms import resized_image, tabular
from pedigree.data.transforms.image import Fitted
from pedigree.models.raw_rows import RawRowsModel
from pedigree.params.datasets import Table
from pedigree.params.features import Resize, TabularTransform
from pedigree.sections import parse
from pedigree.serving.version import ServedVersion

WEATHER = pa.table(
    {
        "Temp": [1.5, None, 3.0, 4.0],
        "Wind": ["N", "S", None, "N"],
        "Cloud": [1, 2, 3, 4],
        "Rain": ["No", "Yes", "No", "Yes"],
    }
)
TRANSFORM = {
    "kind": "tabular",
    "label": {
        "column": "Rain",
        "values": ["No", "Yes"],
        "classes": ["dry", "wet"],
        "missing": "drop",
    },
    "fit": "train",
    "numeric": {
        "columns": ["Temp", "Cloud"],
        "fill": "mean",
        "scale": "none",
        "flag_missing": False,
    },
    "categorical": {"columns": ["Wind"]},
}
CSV = {"format": "csv", "files": {"all": "w.csv"}, "missing": ["NA"]}
IMAGES = {
    "format": "csv_images",
    "files": {"all": "d.csv"},
    "header": False,
    "label": "last",
    "height": 2,
    "width": 2,
}
RESIZE = Resize(height=2, width=2, interpolation="bilinear")


def served(model: RawRowsModel, table: dict[str, Any]) -> ServedVersion:
    section = parse(Table, table, Path("params.yaml"))
    parameters = {"params.yaml": {"features.w.transform": TRANSFORM}}
    preprocess = SimpleNamespace(address="preprocess@w", parameters=parameters)
    ancestry = SimpleNamespace(uri="models:/d/1", executions=[preprocess])
    return ServedVersion(SimpleNamespace(), ancestry, model, "d", section, True)


def meta(kind: str, shape: tuple[int, ...], columns: tuple, classes: tuple) -> Meta:
    names = () if "image" in kind else ("a",) * shape[0]
    return Meta(kind, "Rain", classes, shape, None, names, columns, {}, {})


@pytest.fixture
def weather() -> ServedVersion:
    """Says that it rains where there are more than two clouds, sure of it."""
    parameters = parse(TabularTransform, TRANSFORM, Path("params.yaml"))
    fitted = tabular.fit(parameters, WEATHER, np.arange(4))
    columns = tabular.describe_columns(parameters, WEATHER)

    def rains(x: np.ndarray) -> np.ndarray:
        return (x[:, 1:2] > 2).astype(np.float32)

    about = meta("tabular", fitted.input_shape, columns, ("dry", "wet"))
    return served(RawRowsModel(about, fitted, rains, "classes"), CSV)


@pytest.fixture
def make_images() -> Callable[..., ServedVersion]:
    """The class of an image is the pixel that is the brightest; a number is its sum."""

    def brightest(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(-1, 4)
        return (flat == flat.max(axis=1, keepdims=True)).astype(np.float32)

    predictors = {
        "classes": brightest,
        "number": lambda x: x.sum(axis=(1, 2, 3))[:, None].astype(np.float32),
        "input": lambda x: x.astype(np.float32) / 16,
        "masks": lambda x: np.concatenate([x < 5, x >= 5], axis=-1).astype(np.float32),
    }

    def make(kind: str, transform: str = "image") -> ServedVersion:
        about = meta(transform, (2, 2, 1), (), ("0", "1", "2", "3"))
        fitted: Any = Fitted((2, 2, 1), 16.0)
        if transform == "resized_image":
            fitted = resized_image.Fitted(RESIZE, 1, None)
        return served(RawRowsModel(about, fitted, predictors[kind], kind), IMAGES)

    return make
