"""A search as a user runs it: alone, killed, by workers; and what is made of it."""

import json
import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from clones import Clone

pytestmark = pytest.mark.slow

EXPERIMENT: dict[str, Any] = {
    "study": "families",
    "title": "small",
    "features": "digits_8",
    "model": {
        "architecture": "convnet",
        "blocks": [[4]],
        "kernel": [3],
        "padding": ["same"],
        "pool": [4],
        "activation": "relu",
        "dense": [8],
        "dropout": {"blocks": [0.25], "dense": [0.4]},
        "seed": 0,
    },
    "train": {
        "library": "keras",
        "loss": "categorical_crossentropy",
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "batch_size": 64,
        "epochs": 2,
        "seed": 0,
        "precision": "float32",
        "xla": False,
    },
    "evaluate": {
        "task": "classification",
        "splits": ["test"],
        "bootstrap": {"resamples": 100, "confidence": 0.95, "seed": 0},
    },
    "register": {"model": "small"},
}
DROPOUT = {
    "leaves": ["model.dropout.blocks.0", "model.dropout.dense.0"],
    "values": [0.0, 0.3],
}
SEARCH: dict[str, Any] = {
    "experiment": "small",
    "features": "digits_8",
    "architecture": "convnet",
    "tuner": {"kind": "grid"},
    "objective": {"metric": "val_accuracy", "direction": "max"},
    "epochs": 25,
    "space": {"dropout": DROPOUT, "train.optimizer.learning_rate": [0.01, 0.03]},
}
RATE = {"min": 0.001, "max": 0.1, "scale": "log"}
SEARCHES = {
    "small_grid": SEARCH,
    "small_random": {
        **SEARCH,
        "tuner": {"kind": "random", "max_trials": 3, "seed": 1},
        "epochs": 3,
        "space": {"train.optimizer.learning_rate": RATE},
    },
}
STAGE = "tune@small_grid"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which one process after the other has searched."""
    clone = Clone(tmp_path_factory.mktemp("alone") / "project")
    clone.folder.mkdir()
    clone.make({"small": EXPERIMENT})
    clone.change("searches", value=SEARCHES)
    clone.commit("Searches")
    ran = clone.repro(STAGE, "tune@small_random")
    assert set(ran[-2:]) == {STAGE, "tune@small_random"}
    clone.commit("Searched")
    return clone


@pytest.fixture
def unsearched(alone: Clone, tmp_path: Path) -> Clone:
    """A copy of the clone in which nothing was ever searched."""
    clone = Clone(tmp_path / "unsearched", PYTHONUNBUFFERED="1")
    shutil.copytree(alone.folder, clone.folder, symlinks=True)
    for name in ("reports/search", "mlruns/artifacts", ".dvc/cache/runs"):
        shutil.rmtree(clone.folder / name)
    yaml = YAML()
    lock = yaml.load(clone.folder / "dvc.lock")
    for search in SEARCHES:
        del lock["stages"][f"tune@{search}"]
    with (clone.folder / "dvc.lock").open("w", encoding="utf-8") as file:
        yaml.dump(lock, file)
    return clone


def checkpoints(clone: Clone) -> list[Path]:
    return list((clone.folder / ".pedigree/checkpoints").glob("*/*.npz"))


def wait_for_checkpoints(clone: Clone, number: int) -> None:
    until = time.monotonic() + 300
    while len(checkpoints(clone)) < number:
        assert time.monotonic() < until, "no trial has begun"
        time.sleep(0.01)


def test_every_cell_has_a_line_and_a_run(alone: Clone) -> None:
    header, *lines = alone.read("reports/search/small_grid/trials.csv").splitlines()
    assert len(lines) == 4
    best = json.loads(alone.read("reports/search/small_grid/best.json"))
    assert best["values"].keys() == {
        *DROPOUT["leaves"],
        "train.optimizer.learning_rate",
    }
    named = "name like 'tune@small_grid %'"
    runs = alone.rows(f"select name, status from runs where {named} order by name")
    assert runs == [(f"{STAGE} trial {n}", "FINISHED") for n in (1, 2, 3, 4)]
    assert b"objective" in header
    assert checkpoints(alone) == []
    assert not list((alone.folder / ".pedigree/searches").iterdir())
    assert alone.run("git", "status", "--porcelain") == ""
    kept = alone.run("git", "ls-files", "reports/search/small_grid").split()
    # The other outputs are in the cache of DVC.
    assert [Path(path).name for path in kept] == ["best.json"]


def test_a_killed_search_goes_on_with_the_trial_that_it_was_in(
    alone: Clone, unsearched: Clone
) -> None:
    process = unsearched.start("dvc", "repro", STAGE)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("trial 2 begins"):
            break
    wait_for_checkpoints(unsearched, 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    output = unsearched.run("dvc", "repro", STAGE, "tune@small_random")
    begun = re.findall(
        r"^trial (\d) begins", output.split("tune@small_random'")[0], re.M
    )
    assert begun == ["2", "3", "4"]
    assert unsearched.outputs() == alone.outputs()
    assert unsearched.read("dvc.lock") == alone.read("dvc.lock")


def test_workers_share_the_trials_and_a_killed_one_is_replaced(
    alone: Clone, unsearched: Clone
) -> None:
    process = unsearched.start("pedigree", "tune", "small_grid", "--workers", "2")
    assert process.stdout
    output, begun = "", 0
    for line in process.stdout:
        output += line
        begun += bool(re.match(r"worker-\d: trial \d begins", line))
        if begun == 2:
            break
    wait_for_checkpoints(unsearched, 2)
    (killed,) = re.findall(r"^worker-1 is process (\d+)$", output, re.M)
    os.kill(int(killed), signal.SIGKILL)
    output += Clone.wait(process)
    assert "worker-1 was killed by signal 9; it goes on as process" in output
    begins = re.findall(r"^worker-(\d): trial (\d) begins", output, re.M)
    ends = re.findall(r"^worker-(\d): trial (\d) ends", output, re.M)
    assert sorted(trial for _, trial in ends) == ["1", "2", "3", "4"]
    assert {worker for worker, _ in ends} == {"1", "2"}
    (taken_over,) = {
        trial for _, trial in begins if [t for _, t in begins].count(trial) > 1
    }
    assert begins.count(("1", taken_over)) == 2
    # The stage that collects the trials trains none.
    assert not re.findall(r"^trial", output, re.M)
    unsearched.run("pedigree", "tune", "small_random", "--workers", "2")
    assert unsearched.outputs() == alone.outputs()
    assert unsearched.read("dvc.lock") == alone.read("dvc.lock")
    assert "didn't change" in unsearched.run(
        "pedigree", "tune", "small_grid", "--workers", "2"
    )


def test_the_best_values_are_adopted_and_nothing_is_searched_again(
    alone: Clone, tmp_path: Path
) -> None:
    clone = alone.copy(tmp_path / "adopting")
    best = json.loads(clone.read("reports/search/small_grid/best.json"))["values"]
    told = clone.run("pedigree", "adopt", "small_grid").splitlines()
    assert {line.split(":")[0] for line in told} <= {
        f"experiments.small.{leaf}" for leaf in best
    }
    experiment = YAML(typ="safe").load(clone.folder / "params.yaml")["experiments"]
    assert experiment["small"]["model"]["dropout"]["dense"] == [
        best["model.dropout.dense.0"]
    ]
    changed = clone.run("git", "diff", "--stat", "params.yaml")
    assert f"{len(told)} insertion" in changed
    assert clone.repro(STAGE) == []
    assert "nothing to change" in clone.run("pedigree", "adopt", "small_grid")
    clone.change("searches", "small_grid", "epochs", value=3)
    refused = clone.attempt("pedigree", "adopt", "small_grid")
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 2
    assert "must be up to date" in refused.stderr


def test_a_fresh_store_gets_the_runs_of_a_search(alone: Clone, tmp_path: Path) -> None:
    clone = alone.copy(tmp_path / "fresh")
    (clone.folder / "mlruns/mlflow.db").unlink()
    clone.run("pedigree", "sync")
    query = "select name, status from runs where name like 'tune@%' order by name"
    assert clone.rows(query) == alone.rows(query)
    query = (
        "select r.name, m.key, m.step, m.value from metrics m join runs r using "
        "(run_uuid) where r.name like 'tune@%' order by 1, 2, 3"
    )
    assert clone.rows(query) == alone.rows(query)


@pytest.mark.parametrize(
    ("keys", "value", "rule"),
    [
        (("space",), {"model.dropot": [1]}, "must hold leaves of experiments.small"),
        (("space",), {}, "at least 1 item"),
        (("objective", "metric"), "f1", "must be one of loss, accuracy"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_anything_is_trained(
    alone: Clone, tmp_path: Path, keys: tuple[str, ...], value: Any, rule: str
) -> None:
    clone = alone.copy(tmp_path / "refused")
    clone.change("searches", "small_grid", *keys, value=value)
    checked = clone.attempt("pedigree", "check")
    assert (checked.returncode, len(checked.stderr.splitlines())) == (2, 2)
    assert rule in checked.stderr
    refused = clone.attempt("dvc", "repro", STAGE)
    assert refused.returncode != 0
    assert rule in refused.stderr
    assert "begins" not in refused.stdout
