"""The files that scikit-learn carries in its package."""

import shutil
from importlib.metadata import distribution
from pathlib import Path

from pedigree.errors import WrongUseError
from pedigree.params.downloads import SklearnDownload


def fetch(download: SklearnDownload, dataset: str, folder: Path) -> None:
    """Copy files out of the installed package; nothing is downloaded or imported.

    Args:
        download: The section of params.yaml.
        dataset: The key of the section, for messages.
        folder: Where the files go.

    Raises:
        WrongUseError: If scikit-learn has no such file.
    """
    installed = distribution("scikit-learn")
    for file in download.files:
        path = Path(str(installed.locate_file(f"sklearn/datasets/data/{file.name}")))
        if not path.is_file():
            raise WrongUseError(
                "a file of kind sklearn must be in scikit-learn's datasets/data. "
                f"Received: downloads.{dataset}.files name={file.name}",
                "Correct params.yaml, or install a scikit-learn that has it.",
            )
        shutil.copyfile(path, folder / file.name)
