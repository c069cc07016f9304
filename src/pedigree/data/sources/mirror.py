"""Files that no publisher serves: a mirror has them, or somebody puts them by hand."""

from pathlib import Path

from pedigree.data.sources.pinned import copy_from_mirror
from pedigree.errors import WrongUseError
from pedigree.params.downloads import MirrorDownload


def fetch(download: MirrorDownload, dataset: str, folder: Path) -> None:
    """Copy files out of the mirror; nothing is downloaded.

    Args:
        download: The section of params.yaml.
        dataset: The folder of the mirror.
        folder: Where the files go.

    Raises:
        WrongUseError: If there is no mirror, or it lacks a file.
        RefusedError: If a file of the mirror is not the pinned one.
    """
    missing = copy_from_mirror(dataset, download.files, folder)
    if missing:
        raise WrongUseError(
            "a file of kind mirror must be in a mirror: no publisher serves it. "
            f"Received: none of the name {dataset}/{missing[0].name}",
            "Set PEDIGREE_MIRROR to a folder that has it, or put the file into the "
            "dataset's folder below data/external and take its entry out of "
            "`downloads`.",
        )
