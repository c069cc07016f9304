import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pedigree.errors import WrongUseError
from pedigree.tracking.dvc_entry import DvcEntry
from pedigree.tracking.runs import cached_run, training_run
from pedigree.tracking.store import open_client

RunScript = Callable[..., None]


def test_the_run_that_trained_the_present_model(
    run_script: RunScript,
    commit: Callable[[], None],
    set_parameter: Callable[[str, str], None],
) -> None:
    run_script("one", "f")
    commit()
    first = training_run("one")
    set_parameter("rate: 0.1", "rate: 0.2")
    run_script("one", "f")
    commit()
    second = training_run("one")
    rates = [
        each.client.get_run(each.run_id).data.params["train.rate"]
        for each in (first, second)
    ]
    assert rates == ["0.1", "0.2"]
    set_parameter("rate: 0.2", "rate: 0.1")
    run_script("one", "f")
    commit()
    newest = training_run("one")
    assert newest.run_id not in (first.run_id, second.run_id)


def test_a_run_by_hand_is_found_without_a_lock_file(run_script: RunScript) -> None:
    run_script("one", "f")
    run = training_run("one")
    tags = run.client.get_run(run.run_id).data.tags
    assert tags["dvc.stage"] == "train@one" and "pedigree.origin" not in tags


def test_a_model_from_a_cache_gets_a_run(
    run_script: RunScript, commit: Callable[[], None]
) -> None:
    run_script("one", "f")
    commit()
    client = open_client()
    trained = client.get_run(training_run("one").run_id)
    client.delete_run(trained.info.run_id)
    run = training_run("one")
    made = client.get_run(run.run_id)
    assert made.data.tags["pedigree.origin"] == "cache"
    assert made.info.status == "FINISHED" and made.info.end_time
    assert made.info.run_name == "train@one"
    assert made.info.experiment_id == trained.info.experiment_id
    assert made.data.params == trained.data.params
    lineage = {name for name in trained.data.tags if name.startswith("dvc.")}
    assert lineage == {name for name in made.data.tags if name.startswith("dvc.")}
    assert all(made.data.tags[name] == trained.data.tags[name] for name in lineage)
    history = client.get_metric_history(run.run_id, "loss")
    assert [(each.step, each.value) for each in history] == [(1, 0.9), (2, 0.25)]
    assert made.inputs.dataset_inputs[0].dataset.name == "data/prepared/f"
    assert training_run("one").run_id == run.run_id, "the second call makes another"


def test_a_model_that_nothing_explains(
    run_script: RunScript, commit: Callable[[], None], repository: Path
) -> None:
    run_script("one", "f")
    commit()
    (repository / "models/one/model.keras").write_text("edited")
    with pytest.raises(WrongUseError, match="models/one must be what its stage made"):
        training_run("one")


def test_no_model(repository: Path) -> None:
    shutil.rmtree(repository / "models", ignore_errors=True)
    with pytest.raises(WrongUseError, match="train@one must write models/one"):
        training_run("one")


def test_a_cached_run_that_could_not_be_told_has_failed(
    run_script: RunScript, commit: Callable[[], None]
) -> None:
    run_script("one", "f")
    commit()
    client = open_client()
    client.delete_run(training_run("one").run_id)
    with pytest.raises(ZeroDivisionError), cached_run(client, DvcEntry("train@one")):
        raise ZeroDivisionError
    statuses = [run.info.status for run in client.search_runs(_experiments(client))]
    assert statuses == ["FAILED"]
    made = client.get_run(training_run("one").run_id)
    assert made.info.status == "FINISHED"


def _experiments(client: MlflowClient) -> list[str]:
    return [each.experiment_id for each in client.search_experiments()]
