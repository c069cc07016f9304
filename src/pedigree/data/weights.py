"""Pretrained weights, which go along with the rows of a dataset as they are."""

import hashlib
import shutil
from pathlib import Path

from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import Weights

FILE = "pretrained.h5"


def require_weights(folder: Path, weights: Weights) -> Path:
    """Find the file of pretrained weights, and check it against its pinned sum.

    Args:
        folder: `data/external/<dataset>`.
        weights: Its name and its sum.

    Raises:
        WrongUseError: If it is missing.
        RefusedError: If its sum is another.
    """
    path = folder / weights.file
    if not path.is_file():
        raise WrongUseError(
            f"{path} must exist: pretrained weights go along with {folder.name}. "
            "Received: no such file",
            "Put the file there by hand; docs/data.md says where it is published.",
        )
    with path.open("rb") as stream:
        received = hashlib.file_digest(stream, "md5").hexdigest()
    if received != weights.md5:
        raise RefusedError(
            f"{path} must have the MD5 sum {weights.md5}. Received: {received} "
            f"({path.stat().st_size} bytes)",
            "It is truncated or another version: get it again.",
        )
    return path


def pass_on(weights: Path, folder: Path) -> None:
    """Copy a file of pretrained weights to what is made of the rows."""
    shutil.copyfile(weights, folder / FILE)


def find_weights(folder: Path) -> Path | None:
    """The pretrained weights of a folder below `data`; None where it has none."""
    path = folder / FILE
    return path if path.exists() else None
