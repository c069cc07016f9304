"""Trials, run one after the other: by one process, or by one of several workers."""

import gc
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from pedigree.errors import PedigreeError
from pedigree.params.searches import Search, as_text
from pedigree.training.keras.train import fit_model
from pedigree.training.search.finished import FinishedTrials
from pedigree.training.search.inputs import Inputs
from pedigree.training.search.oracles import build_oracle
from pedigree.training.search.space import Cell
from pedigree.training.search.trials import Trial, best_row

SECONDS_BETWEEN_QUESTIONS = 0.5


def run_trials(
    search: Search,
    inputs: Inputs,
    finished: FinishedTrials,
    on_trial: Callable[[Trial], None],
    say: Callable[[str], None],
) -> None:
    """Run all trials of a search, or those that its chief hands out.

    Where the environment names a chief (`KERASTUNER_ORACLE_IP`), this process is one
    of its workers, or is the chief and trains nothing.

    Args:
        search: The search.
        inputs: What it is given.
        finished: Trials that are done already; new ones are added.
        on_trial: Called with each trial as it is done.
        say: Called with a line for the terminal or the log.

    Raises:
        WrongUseError: If the space is too small for its tuner.
    """
    # What is imported stays. Each trial begins with a look for garbage, which finds
    # none there, and takes a quarter of a second less without it.
    gc.freeze()
    tuner = _Tuner(search, inputs, finished, on_trial, say)
    try:
        tuner.search()
    except _FatalError as error:
        raise error.cause from None


class _FatalError(keras_tuner.errors.FatalError):  # type: ignore[misc]
    """What is not for keras-tuner to take as a trial that has failed."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class _Tuner(BaseTuner):  # type: ignore[misc]
    def __init__(
        self,
        search: Search,
        inputs: Inputs,
        finished: FinishedTrials,
        on_trial: Callable[[Trial], None],
        say: Callable[[str], None],
    ) -> None:
        self._objective, self._inputs = search.objective, inputs
        self._finished, self._on_trial, self._say = finished, on_trial, say
        # A bracket of Hyperband goes on from what was trained for the one before.
        self._keep_checkpoints = search.tuner.kind == "hyperband"
        self._waiting = False
        super().__init__(
            oracle=build_oracle(search, inputs.space.axes),
            directory=str(finished.folder / "keras_tuner"),
            project_name=os.environ.get("KERASTUNER_TUNER_ID", "alone"),
            overwrite=True,
        )

    def pre_create_trial(self) -> None:
        """Wait a moment before asking again: keras-tuner would ask without a pause."""
        if self._waiting:
            time.sleep(SECONDS_BETWEEN_QUESTIONS)
        self._waiting = True

    def on_trial_begin(self, trial: keras_tuner.engine.trial.Trial) -> None:
        """Note that there was something to do."""
        del trial
        self._waiting = False

    def run_trial(self, trial: keras_tuner.engine.trial.Trial) -> dict[str, float]:
        """Train with the values of a trial, or look up what came of it."""
        try:
            done = self._do(int(trial.trial_id) + 1, trial.hyperparameters.values)
        except Exception as error:
            raise _FatalError(error) from error
        best = done.best_row(self._objective)
        if best is None:
            raise keras_tuner.errors.FailedTrialError(done.failure)
        return {self._objective.metric: best[self._objective.metric]}

    def _do(self, number: int, values: Mapping[str, int]) -> Trial:
        # Hyperband says how long; the trials before took part of these epochs.
        cell = self._inputs.space.cell(values, values.get("tuner/epochs"))
        outcome = self._finished.load(cell)
        if outcome is None:
            shown = ", ".join(f"{k}={as_text(v)}" for k, v in cell.values.items())
            self._say(f"trial {number} begins: {shown}, epochs={cell.train.epochs}")
            outcome = self._train(cell)
            self._finished.save(cell, outcome)
            if not self._keep_checkpoints:
                self._finished.checkpoints(cell).remove()
            self._say(f"trial {number} ends")
        history, failure = outcome["history"], outcome["failure"]
        epochs = cell.train.epochs
        done = Trial(number, cell.values, cell.leaves, epochs, history, failure)
        self._on_trial(done)
        return done

    def _train(self, cell: Cell) -> dict[str, Any]:
        # Keras keeps what it has built, and TensorFlow its graphs, until they are told.
        keras.utils.clear_session()
        try:
            _, history = fit_model(
                cell.model,
                cell.train,
                self._inputs.meta,
                self._inputs.splits,
                self._finished.checkpoints(cell),
                lambda figures, epoch: None,  # noqa: ARG005
                self._inputs.pretrained,
            )
        except PedigreeError as error:
            # What diverges, and values that fit each other but not the data.
            return {"history": [], "failure": error.rule}
        if best_row(history, self._objective) is None:
            return {"history": [], "failure": f"no finite figures: {history[-1]}"}
        return {"history": history, "failure": ""}
