"""Archives of NumPy estimators; equal models give equal bytes, and no code is run."""

from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from pedigree.data.transforms import archive
from pedigree.errors import WrongUseError

if TYPE_CHECKING:
    from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor

# What skops has to be told to trust, beyond NumPy's and Python's own plain types.
TRUSTED_TYPES = (
    "pedigree.models.numpy.estimators.NumpyClassifier",
    "pedigree.models.numpy.estimators.NumpyRegressor",
)


def save_model(estimator: "NumpyClassifier | NumpyRegressor", path: Path) -> None:
    """Save an estimator.

    Args:
        estimator: A trained estimator.
        path: The `.skops` file to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    archive.save(estimator, path)


def load_model(path: Path) -> "NumpyClassifier | NumpyRegressor":
    """Load an estimator.

    Raises:
        WrongUseError: If the file is missing or is not such an archive.
    """
    from skops.io.exceptions import UntrustedTypesFoundException

    from pedigree.models.numpy.estimators import DenseNet

    try:
        estimator = archive.load(path, TRUSTED_TYPES)
    except (OSError, BadZipFile, KeyError, UntrustedTypesFoundException) as error:
        raise _no_model(path, str(error).strip().splitlines()[0]) from error
    if not isinstance(estimator, DenseNet):
        raise _no_model(path, f"an object of type {type(estimator).__name__}")
    return estimator


def _no_model(path: Path, received: str) -> WrongUseError:
    return WrongUseError(
        f"{path} must be the archive of a NumPy model. Received: {received}",
        "Make it again with `dvc repro`, or get it with `dvc checkout`.",
    )
