"""Image files in folders, or in an archive, whose paths tell their classes."""

import re
from collections.abc import Iterator
from fnmatch import translate
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.data.formats.published import opened, read_image
from pedigree.data.raw import batches_of_images
from pedigree.errors import RefusedError
from pedigree.params.datasets import ImageFiles, ImageFolderTable

LabelledImages = Iterator[tuple[npt.NDArray[np.uint8], dict[str, Any]]]


def read(table: ImageFolderTable, folder: Path) -> dict[str, Iterator[pa.RecordBatch]]:
    """Read the images of each published split, some at a time.

    Classes take turns: the first image of each class in the order of the numbers in
    their names, then the second ones, and so on.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        The rows of each split, part by part: RGB images of any sizes as
        `pedigree.data.raw` describes them, with the place of their class as `label`.

    Raises:
        WrongUseError: While reading, if the archive or the folder is missing.
        RefusedError: While reading, if it is no archive, a class has no or too few
            images, or a file is no image.
    """
    return {
        split: batches_of_images(_images(table, files, folder), {"label": pa.int64()})
        for split, files in table.splits.items()
    }


def _images(table: ImageFolderTable, files: ImageFiles, folder: Path) -> LabelledImages:
    with opened(folder, table.archive) as root:
        paths = sorted(
            (path.relative_to(root).as_posix() for path in root.rglob("*")),
            key=_natural,
        )
        found = [_of_class(name, files, paths, folder) for name in table.classes]
        in_turn = chain.from_iterable(zip_longest(*found))
        labels = [*range(len(table.classes))] * max(map(len, found))
        for path, label in zip(in_turn, labels, strict=True):
            if path is not None:
                yield read_image(root / path, "RGB"), {"label": label}


def _of_class(
    name: str, files: ImageFiles, paths: list[str], folder: Path
) -> list[str]:
    """The paths of the images of a class, those that are asked for."""
    pattern = files.pattern.replace("{class}", name)
    is_wanted = re.compile(translate(pattern)).match
    matching = [path for path in paths if is_wanted(path)]
    stop = None if files.count is None else files.first + files.count
    wanted = matching[files.first : stop]
    if len(wanted) < (files.count or 1):
        raise RefusedError(
            f"{folder} must hold at least {files.first + (files.count or 1)} images "
            f"{pattern}. Received: {len(matching)}",
            f"Complete it, or correct datasets.{folder.name}.table in params.yaml.",
        )
    return wanted


def _natural(path: str) -> list[tuple[int, str]]:
    """A key to sort paths by their texts, and the numbers in them by their value."""
    parts = re.split(r"(\d+)", path)
    return [(int(part), part) if part.isdigit() else (-1, part) for part in parts]
