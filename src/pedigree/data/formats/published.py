"""The files of a dataset below `data/external`."""

from pathlib import Path

from pedigree.errors import WrongUseError
from pedigree.params.datasets import Files


def published_files(files: Files, folder: Path) -> dict[str, Path]:
    """Find the file of each published split.

    Args:
        files: Which file holds which split.
        folder: `data/external/<dataset>`.

    Raises:
        WrongUseError: If a file is missing.
    """
    paths = {split: folder / name for split, name in files if name is not None}
    for path in paths.values():
        if not path.is_file():
            raise missing_file(path)
    return paths


def missing_file(path: Path) -> WrongUseError:
    """Say that a published file is not there, and how it gets there."""
    dataset = path.parent.name
    return WrongUseError(
        f"{path} must exist. Received: no such file",
        f"Put the file there by hand, or, where `downloads` in params.yaml has "
        f"{dataset}, run `dvc repro fetch@{dataset}`.",
    )
