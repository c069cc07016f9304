"""Sections `table` of each format, and what a format reads by one."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pydantic import TypeAdapter

from pedigree.params.datasets import Table


def read(section: dict, folder: Path) -> dict[str, pa.Table]:
    table = TypeAdapter(Table).validate_python(section)
    tables = import_module(f"pedigree.data.formats.{table.format}").read(table, folder)
    return {split: whole(rows) for split, rows in tables.items()}


def whole(rows: pa.Table | Iterator[pa.RecordBatch]) -> pa.Table:
    return rows if isinstance(rows, pa.Table) else pa.Table.from_batches(rows)


def csv(**changes: object) -> dict:
    return {"format": "csv", "files": {"all": "a.csv"}, **changes}


def csv_images(**changes: object) -> dict:
    section = {"format": "csv_images", "files": {"all": "a.csv"}, "header": False}
    return {**section, "label": "first", "height": 2, "width": 2, **changes}


def csv_numbers(**changes: object) -> dict:
    section = {"format": "csv_numbers", "files": {"all": "a.csv"}, "header": False}
    section |= {"columns": ("a", "b"), "type": "float32", "whole": ("a",)}
    return {**section, **changes}


def image_folder(**changes: object) -> dict:
    section = {"format": "image_folder", "classes": ("cat", "dog")}
    return {**section, "splits": {"all": {"pattern": "{class}.*.png"}}, **changes}


def image_masks(**changes: object) -> dict:
    section = {"format": "image_masks", "images": "images/*", "masks": "masks/*"}
    return {**section, **changes}


def picture(path: Path, shape: tuple[int, ...], value: int = 0) -> np.ndarray:
    """Write an image without loss, and return its pixels."""
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape) + np.uint8(value)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="png")
    return pixels


def text() -> dict:
    return {"format": "text", "files": {"all": "a.txt"}}


def keras(name: str, **changes: object) -> dict:
    return {"format": "keras", "name": name, **changes}
