"""Each trial of a search has one run, however often it is told of."""

import json
from pathlib import Path

import pytest

from pedigree.tracking.outcome import log_outcome
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.store import open_client
from pedigree.tracking.trials import TrialLog, log_trials

HISTORY = [
    {"epoch": 1, "loss": 0.5, "val_loss": 0.6},
    {"epoch": 2, "loss": 0.4, "val_loss": 0.7},
]
TRIALS = (
    "trial,a,objective,best_epoch,epochs,failure\n1,relu,0.6,1,2,\n2,elu,,,,burst\n"
)
ROWS = "trial,epoch,loss,val_loss\n1,1,0.5,0.6\n1,2,0.4,0.7\n"
BEST = {
    "axes": ["a"],
    "trial": 1,
    "trials": 2,
    "objective": 0.6,
    "best_epoch": 1,
    "figures": {"val_loss": 0.6},
    "values": {"model.activation": "relu"},
}


@pytest.fixture
def run(store: Path) -> RunLog:  # noqa: ARG001
    client = open_client()
    experiment = client.create_experiment("study")
    run = RunLog(client, client.create_run(experiment).info.run_id)
    tags = {"dvc.key": "k", "dvc.stage": "tune@s", "dvc.out.x": "h", "git.commit": "c"}
    run.set_tags(tags)
    return run


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports/search/s"
    folder.mkdir(parents=True)
    (folder / "trials.csv").write_text(TRIALS, "utf-8")
    (folder / "history.csv").write_text(ROWS, "utf-8")
    (folder / "best.json").write_text(json.dumps(BEST), "utf-8")
    return folder


def trials(run: RunLog) -> dict:
    (experiment,) = {run.client.get_run(run.run_id).info.experiment_id}
    found = run.client.search_runs([experiment], "tags.`pedigree.search` = 's'")
    return {each.data.tags["pedigree.trial"]: each for each in found}


def test_a_trial_has_the_tags_of_its_search_but_not_its_outputs(run: RunLog) -> None:
    TrialLog(run, "s").log(1, {"a": [1, 2]}, HISTORY, "")
    (trial,) = trials(run).values()
    assert trial.info.run_name == "tune@s trial 1"
    assert trial.info.status == "FINISHED"
    tags = trial.data.tags
    assert (tags["dvc.key"], tags["dvc.stage"], tags["git.commit"]) == (
        "k",
        "tune@s",
        "c",
    )
    assert "dvc.out.x" not in tags
    assert trial.data.params == {"a": "[1, 2]"}
    assert trial.data.metrics == {"loss": 0.4, "val_loss": 0.7}
    steps = run.client.get_metric_history(trial.info.run_id, "val_loss")
    assert [(m.step, m.value) for m in steps] == [(1, 0.6), (2, 0.7)]


def test_a_trial_is_logged_once(run: RunLog, reports: Path) -> None:
    first = TrialLog(run, "s")
    first.log(1, {"a": "relu"}, HISTORY, "")
    first.log(1, {"a": "relu"}, HISTORY, "")
    TrialLog(run, "s").log(2, {"a": "elu"}, [], "burst")
    log_trials(run, "s", reports)
    assert {k: each.info.status for k, each in trials(run).items()} == {
        "1": "FINISHED",
        "2": "FAILED",
    }


def test_files_tell_of_trials_what_the_search_told(run: RunLog, reports: Path) -> None:
    TrialLog(run, "s").log(1, {"a": "relu"}, HISTORY, "")
    told = trials(run)["1"].data
    run.client.delete_run(trials(run)["1"].info.run_id)
    log_trials(run, "s", reports)
    again = trials(run)
    assert again["1"].data.params == told.params
    assert again["1"].data.metrics == told.metrics
    assert again["2"].data.tags["pedigree.error"] == "burst"


@pytest.mark.usefixtures("reports")
def test_the_run_of_a_search_tells_of_the_best(run: RunLog) -> None:
    log_outcome(run, "tune", "s")
    data = run.client.get_run(run.run_id).data
    assert data.metrics["objective"] == data.metrics["best.val_loss"] == 0.6
    assert (data.metrics["trials"], data.metrics["best.trial"]) == (2, 1)
    assert data.tags["best.model.activation"] == '"relu"'
    logged = {each.path for each in run.client.list_artifacts(run.run_id)}
    assert logged == {"best.json", "history.csv", "trials.csv"}
