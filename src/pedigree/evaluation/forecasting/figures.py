"""The figures of forecasts, beside those of saying that nothing will change."""

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.bootstrap import Counts
from pedigree.evaluation.measures import figures_of

Numbers = NDArray[np.float32]

NAMES = ("mae", "mse", "rmse", "r2", "naive_mae", "mae_less_naive")


def persistence(arrays: Arrays, meta: Meta) -> Numbers:
    """The naive forecast: the target will be what it is at the end of the window.

    Args:
        arrays: A split of windows.
        meta: Says which feature the target is, and how it was normalised.

    Returns:
        In the unit of the target, shape (windows,).

    Raises:
        WrongUseError: If the examples are no windows.
    """
    if meta.windows is None:
        raise WrongUseError(
            "evaluate.task=forecasting must have features of the transform windows. "
            f"Received: {meta.kind}",
            "Set `evaluate.task` to regression or classification in params.yaml.",
        )
    latest = arrays.x[:, -1, meta.windows.feature].astype(np.float64)
    naive = latest * meta.windows.deviation + meta.windows.mean
    return np.asarray(naive, np.float32)


class WeightedForecasts:
    """Errors of a sample in which each forecast counts a number of times.

    `mae` and `mse` are means of absolute and squared errors, `rmse` is the root of
    `mse`, `r2` the share of the variance that is explained; it is undefined where the
    target does not vary. `naive_mae` is the `mae` of the naive forecasts, and
    `mae_less_naive` what is left when it is taken from `mae`: below 0, the model is
    better.

    Args:
        predicted: Shape (rows,).
        naive: The naive forecasts, shape (rows,).
        actual: Shape (rows,).

    Raises:
        RefusedError: If there are no rows, or a prediction is not a finite number.
    """

    names: tuple[str, ...] = NAMES

    def __init__(self, predicted: Numbers, naive: Numbers, actual: Numbers) -> None:
        if len(actual) == 0 or not np.isfinite(predicted).all():
            raise RefusedError(
                "a split that is measured must have rows, and finite predictions. "
                f"Received: {len(actual)} rows, "
                f"{np.count_nonzero(~np.isfinite(predicted))} predictions that are not "
                "finite",
                "Correct `evaluate.splits`; a lower learning rate may help.",
            )
        self._actual = actual.astype(np.float64)
        self._errors = predicted.astype(np.float64) - self._actual
        self._naive = naive.astype(np.float64) - self._actual

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figures, in the order of `names`; NaN where undefined."""
        rows = counts.sum()
        squared = counts @ self._errors**2
        mean = counts @ self._actual / rows
        variation = counts @ (self._actual - mean) ** 2
        explained = 1 - squared / variation if variation > 0 else np.nan
        mae = counts @ abs(self._errors) / rows
        naive = counts @ abs(self._naive) / rows
        mse = squared / rows
        return np.array([mae, mse, mse**0.5, explained, naive, mae - naive])


def split_figures(
    predicted: Numbers, naive: Numbers, actual: Numbers
) -> dict[str, float]:
    """Compute the figures of one split; those that are undefined are left out."""
    return figures_of(WeightedForecasts(predicted, naive, actual), len(actual))
