"""One training of a NumPy estimator, from arrays to the history and the weights."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError, WrongUseError
from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor
from pedigree.params.file import PARAMS_FILE

EpochListener = Callable[[Mapping[str, float], int], None]


class Examples(NamedTuple):
    """Examples and their targets.

    Attributes:
        x: Shape (rows, features).
        y: Class indices or numbers, shape (rows,).
    """

    x: NDArray[np.generic]
    y: NDArray[np.generic]


def fit(
    estimator: NumpyClassifier | NumpyRegressor,
    train: Examples,
    validation: Examples | None,
    on_epoch: EpochListener,
) -> list[dict[str, float]]:
    """Train an estimator by its own parameters.

    Args:
        estimator: The estimator; trained afterwards.
        train: The training examples.
        validation: The validation examples, if there are any.
        on_epoch: Called with the figures of each epoch and its number from 0.

    Returns:
        One row of figures per epoch, all of the weights after that many updates: row 0
        is of the initial ones. epoch, loss; for classes accuracy; val_loss and
        val_accuracy with validation examples; slope and intercept of a line.

    Raises:
        RefusedError: If the loss is not a finite number.
        WrongUseError: If the initial weights do not fit the data.
    """
    history: list[dict[str, float]] = []
    # What a diverging training overflows is refused below.
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in _epochs(estimator, train):
            _require_finite(estimator.cost_, epoch)
            figures = _figures(estimator, train, "")
            if validation:
                figures |= _figures(estimator, validation, "val_")
            figures |= _line(estimator)
            history.append({"epoch": epoch, **figures})
            on_epoch(figures, epoch)
    return history


def _epochs(
    estimator: NumpyClassifier | NumpyRegressor, train: Examples
) -> Iterator[int]:
    try:
        yield from estimator.iterate(train.x, train.y)
    except ValueError as error:
        cause = str(error).strip().splitlines()[0]
        raise WrongUseError(
            f"the net must fit its data of shape {train.x.shape}. Received: {cause}",
            f"Correct the section `model` in {PARAMS_FILE}, or the data.",
        ) from error


def _figures(
    estimator: NumpyClassifier | NumpyRegressor, examples: Examples, prefix: str
) -> dict[str, float]:
    figures = {f"{prefix}loss": estimator.cost(examples.x, examples.y)}
    if isinstance(estimator, NumpyClassifier):
        figures[f"{prefix}accuracy"] = float(estimator.score(examples.x, examples.y))
    return figures


def _line(estimator: NumpyClassifier | NumpyRegressor) -> dict[str, float]:
    """Give the line that a linear unit of one input is."""
    if isinstance(estimator, NumpyClassifier) or estimator.hidden:
        return {}
    if estimator.n_features_in_ != 1:
        return {}
    return {
        "slope": float(estimator.weights_[0][0, 0]),
        "intercept": float(estimator.biases_[0][0]),
    }


def _require_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise RefusedError(
            f"the loss must be finite. Received: loss={loss} after epoch {epoch}",
            "Lower the learning rate, or look at the data's ranges.",
        )
