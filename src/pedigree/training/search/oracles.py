"""keras-tuner's oracles, which say what values come next."""

from collections.abc import Sequence
from typing import Any

import keras_tuner
from keras_tuner import oracles

from pedigree.params.searches import Search
from pedigree.training.search.space import Axis


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


ORACLES = {
    "grid": GridOracle,
    "random": oracles.RandomSearchOracle,
    "hyperband": oracles.HyperbandOracle,
    "bayesian": oracles.BayesianOptimizationOracle,
}


def build_oracle(search: Search, axes: Sequence[Axis]) -> keras_tuner.Oracle:
    """Build the oracle that a search names, with the search's values.

    A hyperparameter is the number of a value, whatever the value itself is:
    keras-tuner knows no lists, and no choice between numbers of different types.
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
    return oracle
