"""A dataset of `keras.datasets`, downloaded by its real loader."""

from pathlib import Path

from pedigree.data.formats import keras as loader
from pedigree.data.sources.pinned import copy_from_mirror
from pedigree.params.downloads import KerasDownload


def fetch(download: KerasDownload, dataset: str, folder: Path) -> None:
    """Let the loader download what the mirror lacks, and check it in its own way.

    Args:
        download: The section of params.yaml.
        dataset: The folder of the mirror.
        folder: Where the published files go.

    Raises:
        RefusedError: If the loader fails.
    """
    missing = copy_from_mirror(dataset, download.files, folder)
    if not missing:
        return
    present = [folder / file.name for file in download.files if file not in missing]
    home = folder / ".keras"
    cache = loader.place(download.name, present, home)
    loader.download(download.name, home)
    for file in missing:
        if (cache / file.name).is_file():
            (cache / file.name).rename(folder / file.name)
