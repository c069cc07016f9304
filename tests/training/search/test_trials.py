"""What is written of trials: ranked by their best epoch, and no times."""

import json
from pathlib import Path

import pytest

from pedigree.errors import RefusedError
from pedigree.params.searches import Objective
from pedigree.training.search.trials import Trial, best_trial, rank, write_trials

LESS = Objective(metric="val_loss", direction="min")
MORE = Objective(metric="val_loss", direction="max")
EPOCHS = 3


def trial(
    number: int, *losses: float, failure: str = "", epochs: int = EPOCHS
) -> Trial:
    history = [
        {"epoch": epoch, "loss": 0.5, "val_loss": loss}
        for epoch, loss in enumerate(losses, start=1)
    ]
    values = {"a": [number], "b": "relu"}
    leaves = {f"model.{name}": value for name, value in values.items()}
    return Trial(number, values, leaves, epochs, history, failure)


TRIALS = [
    trial(1, 0.9, 0.3, 0.8),
    trial(2, 0.4),
    trial(3, failure="it burst"),
    trial(4, 0.3, float("nan")),
]


def test_the_best_epoch_counts_and_the_first_of_equals() -> None:
    assert [t.number for t in rank(TRIALS, LESS)] == [1, 4, 2, 3]
    assert [t.number for t in rank(TRIALS, MORE)] == [1, 2, 4, 3]
    assert best_trial(TRIALS, LESS, EPOCHS).best_row(LESS) == TRIALS[0].history[1]


def test_a_search_without_a_trial_that_ends_is_refused() -> None:
    with pytest.raises(RefusedError, match="it burst"):
        best_trial([TRIALS[2]], LESS, EPOCHS)


def test_a_search_that_trained_nothing_to_the_end_is_refused() -> None:
    """As Hyperband does where too many trials fail: none goes on to the next round."""
    short = [trial(1, 0.9, epochs=1), trial(2, failure="it burst", epochs=1)]
    with pytest.raises(RefusedError) as caught:
        best_trial(short, LESS, EPOCHS)
    rule, _ = str(caught.value).splitlines()
    assert "must have a trial that comes to the end of 3 epochs" in rule
    assert rule.endswith(
        "2 that do not, 1 of which failed, the first one because it burst"
    )
    stopped_early = trial(3, 0.8)
    assert best_trial([*short, stopped_early], LESS, EPOCHS) == stopped_early


def test_files_hold_every_trial_and_epoch(tmp_path: Path) -> None:
    write_trials(tmp_path, TRIALS, LESS, EPOCHS)
    header, *lines = (tmp_path / "trials.csv").read_text("utf-8").splitlines()
    assert header == (
        "trial,a,b,objective,best_epoch,epochs,"
        "best.loss,best.val_loss,last.loss,last.val_loss,failure"
    )
    assert lines[0] == "1,[1],relu,0.3,2,3,0.5,0.3,0.5,0.8,"
    assert lines[2] == "3,[3],relu,,,,,,,,it burst"
    history = (tmp_path / "history.csv").read_text("utf-8").splitlines()
    assert history[:2] == ["trial,epoch,loss,val_loss", "1,1,0.5,0.9"]
    assert len(history) == 1 + 3 + 1 + 2
    best = json.loads((tmp_path / "best.json").read_text("utf-8"))
    assert best == {
        "axes": ["a", "b"],
        "best_epoch": 2,
        "direction": "min",
        "epochs": 3,
        "figures": {"loss": 0.5, "val_loss": 0.3},
        "metric": "val_loss",
        "objective": 0.3,
        "trial": 1,
        "trials": 4,
        "values": {"model.a": [1], "model.b": "relu"},
    }
