"""keras-tuner's oracles, which say what values come next."""

from collections.abc import Sequence
from math import prod
from typing import Any

import keras_tuner
from keras_tuner import oracles

from pedigree.errors import WrongUseError
from pedigree.params.searches import Search
from pedigree.training.search.space import Axis

# So many draws in a row miss the last cell of a thousand once in 20,000 searches.
DRAWS = 10_000


class GridOracle(oracles.GridSearchOracle):  # type: ignore[misc]
    """A grid whose values are handed out as they are asked for.

    keras-tuner's own waits for the end of a trial before it says what comes next,
    because a trial might tell of more hyperparameters. Here it cannot, and workers
    would only stand in line.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Say what comes next, and let that be followed at once."""
        response: dict[str, Any] = super().populate_space(trial_id)
        if response["values"] is not None:
            self._populate_next.append(trial_id)
        return response


class HyperbandOracle(oracles.HyperbandOracle):  # type: ignore[misc]
    """Hyperband, which draws until it finds a cell that it has not tried.

    keras-tuner's own gives up after some draws, and ends a search in the middle of a
    round when few cells are left.
    """

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._max_collisions = DRAWS

    def count_cells(self) -> int:
        """How many cells it tries: what the first rounds of all brackets hold."""
        brackets = range(self._get_num_brackets())
        sizes = (self._get_size(bracket, 0) for bracket in brackets)
        return int(self.hyperband_iterations * sum(sizes))


ORACLES = {
    "grid": GridOracle,
    "random": oracles.RandomSearchOracle,
    "hyperband": HyperbandOracle,
    "bayesian": oracles.BayesianOptimizationOracle,
}


def build_oracle(search: Search, axes: Sequence[Axis]) -> keras_tuner.Oracle:
    """Build the oracle that a search names, with the search's values.

    A hyperparameter is the number of a value, whatever the value itself is:
    keras-tuner knows no lists, and no choice between numbers of different types.

    Raises:
        WrongUseError: If the space has fewer cells than Hyperband tries.
    """
    hyperparameters = keras_tuner.HyperParameters()
    for axis in axes:
        hyperparameters.Int(axis.name, 0, len(axis.values) - 1, step=1)
    values = search.tuner.model_dump(exclude={"kind"})
    if search.tuner.kind == "hyperband":
        values["max_epochs"] = search.epochs
    oracle = ORACLES[search.tuner.kind](
        objective=keras_tuner.Objective(
            search.objective.metric, search.objective.direction
        ),
        hyperparameters=hyperparameters,
        # Trainings that diverge are an answer, however many there are in a row.
        max_consecutive_failed_trials=None,
        **values,
    )
    oracle.verbose = 0
    if isinstance(oracle, HyperbandOracle):
        _require_cells(oracle.count_cells(), axes)
    return oracle


def _require_cells(number: int, axes: Sequence[Axis]) -> None:
    cells = prod(len(axis.values) for axis in axes)
    if cells < number:
        raise WrongUseError(
            f"a space for hyperband must have {number} cells, which its first rounds "
            f"try. Received: {cells}",
            "Add values to the space, or lower the epochs of the search, or take the "
            "tuner `grid`.",
        )
