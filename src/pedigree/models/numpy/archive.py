"""Archives of NumPy estimators; equal models give equal bytes, and no code is run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pedigree.archives import numpy as archive
from pedigree.errors import WrongUseError
from pedigree.models.predictor import Predictor

if TYPE_CHECKING:
    from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor

MODEL_FILE = "model.skops"

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


def load_predictor(folder: Path) -> Predictor:
    """Load an estimator as a function from prepared examples to its outputs.

    Args:
        folder: Where the archive is, `models/<experiment>`.

    Raises:
        WrongUseError: If the file is missing or is not such an archive.
    """
    estimator = load_model(folder / MODEL_FILE)

    def predict(x: NDArray[Any]) -> NDArray[np.float32]:
        # Classifiers have probabilities, regressors have numbers.
        compute = getattr(estimator, "predict_proba", estimator.predict)
        return np.asarray(compute(x), np.float32).reshape(len(x), -1)

    return predict


def read_weights(folder: Path) -> list[tuple[str, NDArray[np.float64]]]:
    """Read all weights of a model by their layers, `layer1/kernel` and the like."""
    estimator = load_model(folder / MODEL_FILE)
    layers = zip(estimator.weights_, estimator.biases_, strict=True)
    return [
        (f"layer{number}/{name}", values)
        for number, layer in enumerate(layers, start=1)
        for name, values in zip(("kernel", "bias"), layer, strict=True)
    ]


def _no_model(path: Path, received: str) -> WrongUseError:
    return WrongUseError(
        f"{path} must be the archive of a NumPy model. Received: {received}",
        "Make it again with `dvc repro`, or get it with `dvc checkout`.",
    )
