"""Searches run trial by trial, and go on after a crash without repeating any."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.model import Model
from pedigree.params.searches import Search
from pedigree.params.train import KerasTrain
from pedigree.training.search import tuner
from pedigree.training.search.finished import FinishedTrials
from pedigree.training.search.inputs import Inputs, read_inputs
from pedigree.training.search.trials import Trial

MakeSearch = Callable[..., Search]

TUNERS: dict[str, dict[str, Any]] = {
    "grid": {"kind": "grid"},
    "random": {"kind": "random", "max_trials": 6, "seed": 3},
    "hyperband": {
        "kind": "hyperband",
        "factor": 2,
        "hyperband_iterations": 1,
        "seed": 5,
    },
    "bayesian": {
        "kind": "bayesian",
        "max_trials": 5,
        "num_initial_points": 3,
        "alpha": 0.0001,
        "beta": 2.6,
        "seed": 7,
    },
}
WIDE = {"model.dropout.0": {"min": 0.0, "max": 0.9, "scale": "linear"}}


class Crash(BaseException):
    """Whatever ends a process: no `except Exception` holds it up."""


class Log:
    """What a search has told.

    Attributes:
        trials: The trials that were reported.
        begun: The numbers of those that were trained.
    """

    def __init__(self, crash_after: int | None = None) -> None:
        self.trials: list[Trial] = []
        self.begun: list[int] = []
        self._crash_after = crash_after

    def on_trial(self, trial: Trial) -> None:
        self.trials.append(trial)
        if len(self.trials) == self._crash_after:
            raise Crash

    def say(self, text: str) -> None:
        if "begins" in text:
            self.begun.append(int(text.split()[1]))


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Train nothing: figures follow from the values. Keeps the epochs of trainings."""
    trained = []

    def fit_model(
        model: Model, train: KerasTrain, *_: object
    ) -> tuple[None, list[dict[str, float]]]:
        trained.append(train.epochs)
        rate = model.hyperparameters["dropout"][0]
        history = [
            {
                "epoch": epoch,
                "loss": 1.0,
                "accuracy": 0.5,
                "val_loss": 1.0,
                "val_accuracy": float(np.exp(-((rate - 0.4) ** 2)) * epoch / 9),
            }
            for epoch in range(1, train.epochs + 1)
        ]
        return None, history

    monkeypatch.setattr(tuner, "fit_model", fit_model)
    return trained


@pytest.fixture
def run(
    prepared: Path, model: Model, train: KerasTrain
) -> Callable[[Search, Log], FinishedTrials]:
    def run(search: Search, log: Log) -> FinishedTrials:
        inputs = read_inputs("s", search, model, train, prepared)
        finished = FinishedTrials("key")
        tuner.run_trials(search, inputs, finished, log.on_trial, log.say)
        return finished

    return run


def make(search: MakeSearch, kind: str) -> Search:
    space = {} if kind == "grid" else {"space": WIDE}
    return search(tuner=TUNERS[kind], epochs=4, **space)


@pytest.mark.filterwarnings("ignore:The optimal value found")
@pytest.mark.parametrize("kind", TUNERS)
def test_a_search_that_crashed_goes_on_as_if_it_had_not(
    search: MakeSearch, run: Callable[..., Any], pretended: list[int], kind: str
) -> None:
    entry, whole = make(search, kind), Log()
    finished = run(entry, whole)
    assert [trial.number for trial in whole.trials] == [
        *range(1, len(whole.trials) + 1)
    ]
    assert len(whole.trials) >= 4
    for crash_after in (2, len(whole.trials) - 1):
        finished.remove()
        crashed, resumed = Log(crash_after), Log()
        with pytest.raises(Crash):
            run(entry, crashed)
        run(entry, resumed)
        assert resumed.trials == whole.trials
        assert crashed.begun + resumed.begun == whole.begun
    del pretended


def test_a_grid_goes_through_every_cell_in_its_order(
    search: MakeSearch, run: Callable[..., Any], pretended: list[int]
) -> None:
    log = Log()
    run(search(), log)
    values = [tuple(trial.values.values()) for trial in log.trials]
    assert values == [(0, 8), (0, 16), (0.5, 8), (0.5, 16)]
    assert pretended == [2, 2, 2, 2]


def test_a_later_round_of_hyperband_trains_the_best_for_longer(
    search: MakeSearch, run: Callable[..., Any], pretended: list[int]
) -> None:
    log = Log()
    run(make(search, "hyperband"), log)
    assert set(pretended) == {1, 2, 4}
    longest = [trial for trial in log.trials if len(trial.history) == 4]
    short = [trial.values for trial in log.trials if len(trial.history) == 1]
    assert any(trial.values in short for trial in longest)


def test_another_seed_searches_elsewhere(
    search: MakeSearch, run: Callable[..., Any], pretended: list[int]
) -> None:
    del pretended
    told = []
    for seed in (1, 1, 2):
        log = Log()
        run(search(space=WIDE, tuner={**TUNERS["random"], "seed": seed}), log).remove()
        told.append([trial.values for trial in log.trials])
    assert told[0] == told[1] != told[2]


def test_trainings_that_diverge_are_an_answer(
    search: MakeSearch, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit_model(*_: object) -> None:
        raise RefusedError("the loss must be finite", "Lower it.")

    monkeypatch.setattr(tuner, "fit_model", fit_model)
    log = Log()
    run(search(), log)
    assert [trial.failure for trial in log.trials] == ["the loss must be finite"] * 4


def test_values_that_do_not_fit_the_data_are_an_answer(
    search: MakeSearch, prepared: Path, model: Model, train: KerasTrain
) -> None:
    """A net that resizes images, on rows that are none, beside one that does not."""
    resizing = model.model_copy(update={"resize": (4, 4)})
    entry = search(space={"model.resize": [[4, 4], None]}, epochs=1)
    inputs, log = read_inputs("s", entry, resizing, train, prepared), Log()
    tuner.run_trials(entry, inputs, FinishedTrials("key"), log.on_trial, log.say)
    failed, done = log.trials
    assert "mlp must fit its input of shape (5,)" in failed.failure
    assert (len(done.history), done.failure) == (1, "")


def test_what_is_wrong_with_the_code_ends_the_search(
    search: MakeSearch, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit_model(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr(tuner, "fit_model", fit_model)
    log = Log()
    with pytest.raises(KeyError, match="a mistake"):
        run(search(), log)
    assert log.begun == [1]


def test_trials_begin_from_the_weights_that_the_data_brings(
    search: MakeSearch,
    run: Callable[..., Any],
    prepared: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    received = []

    def fit_model(*arguments: object) -> tuple[None, list[dict[str, float]]]:
        received.append(arguments[6])
        return None, [{"epoch": 1, "val_accuracy": 0.5}]

    monkeypatch.setattr(tuner, "fit_model", fit_model)
    run(search(), Log()).remove()
    weights = prepared / "pretrained.h5"
    weights.write_bytes(b"weights")
    run(search(), Log())
    assert received == [None] * 4 + [weights] * 4


HYPERBAND = {**TUNERS["hyperband"], "factor": 3}
FIRST_ROUNDS = 9 + 5 + 3  # keras-tuner's, of nine epochs by three


def cells(number: int) -> dict[str, Any]:
    return {"space": {"train.batch_size": list(range(1, number + 1))}}


def test_hyperband_tries_every_cell_of_a_space_that_is_just_enough(
    search: MakeSearch, run: Callable[..., Any], pretended: list[int]
) -> None:
    """Drawing at random, the last ones are hard to find."""
    log = Log()
    run(search(tuner=HYPERBAND, epochs=9, **cells(FIRST_ROUNDS)), log)
    tried = {trial.values["train.batch_size"] for trial in log.trials}
    assert tried == set(range(1, FIRST_ROUNDS + 1))
    assert max(pretended) == 9


def test_hyperband_refuses_a_space_of_fewer_cells_than_it_tries(
    search: MakeSearch, run: Callable[..., Any], pretended: list[int]
) -> None:
    small = search(tuner=HYPERBAND, epochs=9, **cells(FIRST_ROUNDS - 1))
    with pytest.raises(WrongUseError) as caught:
        run(small, Log())
    assert "must have 17 cells" in caught.value.rule
    assert caught.value.rule.endswith("Received: 16")
    assert pretended == []


def test_a_trial_is_a_training_of_the_experiment(
    search: MakeSearch,
    run: Callable[..., Any],
    prepared: Path,
    model: Model,
    train: KerasTrain,
) -> None:
    """The same figures, to the last bit, and nothing of the test rows."""
    from pedigree.training.checkpoints import CHECKPOINTS
    from pedigree.training.keras.train import train as train_alone

    entry = search(space={"model.dropout.0": [0.1, 0.2]})
    log = Log()
    finished = run(entry, log)
    assert not list(CHECKPOINTS.glob("*"))
    inputs: Inputs = read_inputs("s", entry, model, train, prepared)
    assert inputs.splits.keys() == {"train", "validation"}
    for trial, rate in zip(log.trials, (0.1, 0.2), strict=True):
        cell = inputs.space.cell({"model.dropout.0": int(rate == 0.2)})
        output = Path("alone")
        output.mkdir(exist_ok=True)
        arguments = (inputs.meta, inputs.splits, output, f"{rate}", lambda *_: None)
        assert trial.history == train_alone(cell.model, cell.train, *arguments)
    finished.remove()
    assert not finished.folder.exists()
