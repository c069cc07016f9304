"""Files of a Kaggle dataset, downloaded by kagglehub."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from pedigree.data.sources.pinned import copy_from_mirror
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.downloads import KaggleDownload


def fetch(download: KaggleDownload, dataset: str, folder: Path) -> None:
    """Download files by kagglehub, which draws progress bars of its own.

    Args:
        download: The section of params.yaml.
        dataset: The folder of the mirror.
        folder: Where the files go.

    Raises:
        WrongUseError: If kagglehub is not installed.
        RefusedError: If Kaggle does not give the file.
    """
    missing = copy_from_mirror(dataset, download.files, folder)
    if not missing:
        return
    try:
        import kagglehub
    except ImportError:
        raise WrongUseError(
            f"a download of kind kaggle needs kagglehub. Received: downloads.{dataset} "
            "without it",
            "Run `pip install 'pedigree[kaggle]'`, or set PEDIGREE_MIRROR to a "
            "folder that has the files.",
        ) from None
    for file in missing:
        with TemporaryDirectory(dir=folder) as scratch:
            try:
                path = kagglehub.dataset_download(
                    download.dataset, path=file.name, output_dir=scratch
                )
            except Exception as error:  # kagglehub's errors share no base
                cause = " ".join(str(error).split())
                raise RefusedError(
                    f"Kaggle must give {file.name} of {download.dataset}. "
                    f"Received: {type(error).__name__}: {cause}",
                    "Check the network and Kaggle's credentials, or put the file "
                    "into a mirror and set PEDIGREE_MIRROR.",
                ) from error
            shutil.move(path, folder / file.name)
