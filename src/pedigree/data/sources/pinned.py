"""Files that are pinned by their SHA-256 sum, from a mirror where there is one."""

import hashlib
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pedigree.errors import RefusedError
from pedigree.params.downloads import RemoteFile

logger = logging.getLogger(__name__)


def find_mirror(dataset: str) -> Path | None:
    """Find the folder of a dataset in the mirror.

    Args:
        dataset: The name of the folder below `$PEDIGREE_MIRROR`.

    Returns:
        The folder; None if no mirror is set, or if it lacks the dataset.
    """
    root = os.environ.get("PEDIGREE_MIRROR")
    if not root:
        return None
    folder = Path(root) / dataset
    if folder.is_dir():
        return folder
    logger.warning("PEDIGREE_MIRROR has no folder %s.", folder)
    return None


def copy_from_mirror(
    dataset: str, files: Iterable[RemoteFile], folder: Path
) -> list[RemoteFile]:
    """Copy what the mirror has of a dataset.

    Args:
        dataset: The name of the folder below `$PEDIGREE_MIRROR`.
        files: The files that are wanted.
        folder: Where they go.

    Returns:
        The files that the mirror does not have.

    Raises:
        RefusedError: If a file of the mirror is not the pinned one.
    """
    mirror = find_mirror(dataset)
    if mirror is None:
        return list(files)
    missing = []
    for file in files:
        path = mirror / file.name
        if path.is_file():
            require_pinned(path, file, origin=str(path))
            shutil.copyfile(path, folder / file.name)
        else:
            logger.warning("PEDIGREE_MIRROR has no file %s.", path)
            missing.append(file)
    return missing


def require_pinned(path: Path, file: RemoteFile, origin: str) -> None:
    """Check a file's content against its pinned sum.

    Args:
        path: The file.
        file: What it must be.
        origin: Where it comes from, for the message.

    Raises:
        RefusedError: If the file is missing or its sum is another.
    """
    if not path.is_file():
        raise RefusedError(
            f"the download must bring {file.name}. Received: no such file",
            "Correct `files` in params.yaml.",
        )
    with path.open("rb") as stream:
        received = hashlib.file_digest(stream, "sha256").hexdigest()
    if received != file.sha256:
        raise RefusedError(
            f"{file.name} must have the SHA-256 sum {file.sha256}. Received: "
            f"{received} ({path.stat().st_size} bytes)",
            f"{origin} is truncated or another version: get it again, or pin the "
            "version you want in `downloads` of params.yaml.",
        )
