"""The figures of a model that predicts a number."""

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError
from pedigree.evaluation.bootstrap import Counts
from pedigree.evaluation.measures import figures_of

Numbers = NDArray[np.float32]

NAMES = ("mae", "mse", "rmse", "r2")


class WeightedErrors:
    """Errors of a sample in which each row counts a number of times.

    `mae` and `mse` are means of absolute and squared errors, `rmse` is the root of
    `mse`, and `r2` is the share of the variance that is explained (as scikit-learn's
    `r2_score`); it is undefined where the numbers do not vary.

    Args:
        predicted: Shape (rows,).
        actual: Shape (rows,).

    Raises:
        RefusedError: If there are no rows, or a prediction is not a finite number.
    """

    names: tuple[str, ...] = NAMES

    def __init__(self, predicted: Numbers, actual: Numbers) -> None:
        if len(actual) == 0:
            raise RefusedError(
                "a split that is measured must have rows. Received: 0 rows",
                "Correct the section `features` of params.yaml, or `evaluate.splits`.",
            )
        if not np.isfinite(predicted).all():
            raise RefusedError(
                "predictions must be finite numbers. Received: "
                f"{np.count_nonzero(~np.isfinite(predicted))} of {len(predicted)} that "
                "are not",
                "The training diverged: a lower `train.optimizer.learning_rate` may "
                "help.",
            )
        self._actual = actual.astype(np.float64)
        self._errors = predicted.astype(np.float64) - self._actual

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figures, in the order of `names`; NaN where undefined."""
        rows = counts.sum()
        squared = counts @ self._errors**2
        mean = counts @ self._actual / rows
        variation = counts @ (self._actual - mean) ** 2
        explained = 1 - squared / variation if variation > 0 else np.nan
        mse = squared / rows
        return np.array([counts @ abs(self._errors) / rows, mse, mse**0.5, explained])


def split_figures(predicted: Numbers, actual: Numbers) -> dict[str, float]:
    """Compute the figures of one split; those that are undefined are left out."""
    return figures_of(WeightedErrors(predicted, actual), len(actual))
