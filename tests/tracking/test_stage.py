"""One run per execution, and no result lost when it fails."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from dvc.repo import Repo

from pedigree.tracking import stage
from pedigree.tracking.dvc_entry import DvcEntry, key_of
from pedigree.tracking.store import open_client

ROOT = Path(__file__).resolve().parents[2]

RunScript = Callable[..., None]


def runs(*experiments: str):
    client = open_client()
    ids = [client.get_experiment_by_name(name).experiment_id for name in experiments]
    return client.search_runs(ids, order_by=["attributes.start_time ASC"])


def lock_entry(root: Path) -> dict:
    from dvc.utils.serialize import load_yaml

    return load_yaml(str(root / "dvc.lock"))["stages"]["train@one"]


def two_lines(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 2, error
    return error


def test_a_run_holds_the_whole_lineage(
    run_script: RunScript, commit: Callable[[], None], repository: Path
) -> None:
    run_script("one", "f")
    commit()
    (run,) = runs("lessons")
    entry = lock_entry(repository)
    tags, hashes = run.data.tags, {each["path"]: each["md5"] for each in entry["deps"]}
    assert run.info.status == "FINISHED"
    assert run.info.run_name == tags["dvc.stage"] == "train@one"
    assert tags["dvc.key"] == key_of(entry)
    assert {tags[f"dvc.dep.{path}"] for path in hashes} == set(hashes.values())
    for out in entry["outs"]:
        assert tags[f"dvc.out.{out['path']}"] == out["md5"]
    assert tags["git.dirty"] == "false" and len(tags["git.commit"]) == 40
    assert tags["package.mlflow"] == version("mlflow")
    assert tags["backend"] == os.environ.get("KERAS_BACKEND", "tensorflow")
    assert tags["cpu.model"] and int(tags["cpu.threads"]) >= 1
    assert run.data.params == {"train.rate": "0.1", "train.then": "succeed"}
    assert run.data.metrics == {"loss": 0.9}


def test_data_dependencies_are_dataset_inputs(run_script: RunScript) -> None:
    run_script("one", "f")
    (run,) = runs("lessons")
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "data/prepared/f"
    assert given.dataset.digest == run.data.tags["dvc.dep.data/prepared/f"]
    assert json.loads(given.dataset.source) == {"uri": "data/prepared/f"}
    assert {tag.key: tag.value for tag in given.tags} == {
        "mlflow.data.context": "training"
    }


def test_the_key_follows_parameters_alone_or_dependencies_alone(
    run_script: RunScript, set_parameter: Callable[[str, str], None], repository: Path
) -> None:
    run_script("one", "f")
    set_parameter("study: lessons", "title: no stage reads it, study: lessons")
    run_script("one", "f")
    set_parameter("rate: 0.1", "rate: 0.2")
    run_script("one", "f")
    (repository / "data/prepared/f/x").write_text("2")
    run_script("one", "f")
    keys = [run.data.tags["dvc.key"] for run in runs("lessons")]
    assert keys[0] == keys[1] and len(set(keys)) == 3


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(("seconds", "seen"), [(60.0, []), (0.0, [1, 2, 3])])
def test_epochs_within_seconds_reach_the_store_together(
    monkeypatch: pytest.MonkeyPatch, seconds: float, seen: list[int]
) -> None:
    monkeypatch.setattr(stage, "SECONDS_BETWEEN_COMMITS", seconds)

    def steps() -> list[int]:
        history = open_client().get_metric_history(run.run_id, "loss")
        return sorted(metric.step for metric in history)

    with pytest.raises(KeyboardInterrupt), stage.open_run(DvcEntry("train@one")) as run:
        for epoch in (1, 2, 3):
            run.log_metrics({"loss": 1 / epoch}, epoch)
        assert steps() == seen
        raise KeyboardInterrupt
    assert steps() == [1, 2, 3], "an interrupted run has lost what was logged"


@pytest.mark.parametrize("arguments", [(), ("one",), ("one", "f", "g")])
def test_a_wrong_count_of_arguments(
    run_script: RunScript, arguments: tuple[str, ...], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as end:
        run_script(*arguments)
    assert end.value.code == 2
    assert "train takes 2 arguments: EXPERIMENT FEATURES" in two_lines(capsys)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("two", "f"), "train@two must be a stage of dvc.yaml"),
        (("one", "g"), "train@one must run as dvc.yaml says: `python train.py one f`"),
    ],
)
def test_arguments_that_dvc_yaml_does_not_know(
    run_script: RunScript,
    arguments: tuple[str, ...],
    rule: str,
    capsys: pytest.CaptureFixture,
) -> None:
    with pytest.raises(SystemExit) as end:
        run_script(*arguments)
    assert end.value.code == 2
    assert rule in two_lines(capsys)


def test_a_missing_dependency(
    run_script: RunScript, repository: Path, capsys: pytest.CaptureFixture
) -> None:
    (repository / "data/prepared/f/x").unlink()
    (repository / "data/prepared/f").rmdir()
    with pytest.raises(SystemExit) as end:
        run_script("one", "f")
    assert end.value.code == 2
    assert "train@one must have what it depends on" in two_lines(capsys)


def test_a_refusal_ends_the_run_and_brings_the_outputs_back(
    run_script: RunScript,
    commit: Callable[[], None],
    set_parameter: Callable[[str, str], None],
    repository: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    run_script("one", "f")
    commit()
    history = (repository / "reports/one/history.csv").read_text()
    set_parameter("rate: 0.1, then: succeed", "rate: 0.2, then: refuse")
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        run_script("one", "f")
    assert end.value.code == 1
    assert two_lines(capsys).startswith("rate must be better. Received: rate\nRaise")
    assert (repository / "models/one/model.keras").read_text() == "0.1"
    assert (repository / "reports/one/history.csv").read_text() == history
    assert not (repository / "reports/one/history.csv").is_symlink()
    failed = runs("lessons")[-1]
    assert failed.info.status == "FAILED" and failed.info.end_time
    assert failed.data.tags["pedigree.error"] == "rate must be better. Received: rate"
    assert not [name for name in failed.data.tags if name.startswith("dvc.out.")]
    set_parameter("rate: 0.2, then: refuse", "rate: 0.1, then: succeed")
    assert Repo(str(repository)).status() == {}


def test_a_defect_shows_its_traceback(
    run_script: RunScript,
    set_parameter: Callable[[str, str], None],
    repository: Path,
) -> None:
    set_parameter("then: succeed", "then: crash")
    with pytest.raises(ZeroDivisionError):
        run_script("one", "f")
    (run,) = runs("lessons")
    assert run.info.status == "FAILED"
    assert "a defect" in run.data.tags["pedigree.error"]
    assert not (repository / "models/one").exists(), "a part of a result stayed"


def test_a_stage_that_forgets_an_output(
    run_script: RunScript,
    set_parameter: Callable[[str, str], None],
    capsys: pytest.CaptureFixture,
) -> None:
    set_parameter("then: succeed", "then: forget")
    with pytest.raises(SystemExit) as end:
        run_script("one", "f")
    assert end.value.code == 2
    assert "must write reports/one/history.csv" in two_lines(capsys)
    assert runs("lessons")[0].info.status == "FAILED"


def test_outputs_that_a_run_by_hand_finds_stay(
    run_script: RunScript,
    set_parameter: Callable[[str, str], None],
    repository: Path,
) -> None:
    run_script("one", "f")
    set_parameter("then: succeed", "then: refuse")
    with pytest.raises(SystemExit):
        run_script("one", "f", deleted=False)
    assert (repository / "models/one/model.keras").exists()
    assert (repository / "reports/one/history.csv").exists()


def test_what_no_cache_holds_is_reported(
    run_script: RunScript,
    commit: Callable[[], None],
    set_parameter: Callable[[str, str], None],
    repository: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    import shutil

    run_script("one", "f")
    commit()
    shutil.rmtree(repository / ".dvc/cache")
    set_parameter("then: succeed", "then: refuse")
    with pytest.raises(SystemExit):
        run_script("one", "f")
    error = capsys.readouterr().err
    assert "models/one is not in DVC's cache" in error
    assert "reports/one/history.csv is not in DVC's cache" in error


def test_somebody_elses_run_takes_nothing_in(
    run_script: RunScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_script("one", "f")
    (first,) = runs("lessons")
    monkeypatch.setenv("MLFLOW_RUN_ID", first.info.run_id)
    run_script("one", "f")
    assert len(runs("lessons")) == 2
    assert len(open_client().get_metric_history(first.info.run_id, "loss")) == 1


def test_below_dvc_repro(
    repository: Path, set_parameter: Callable[[str, str], None]
) -> None:
    """The real thing: DVC holds its locks, deletes the outputs, and is interrupted."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "MLFLOW_TRACKING_URI": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "dvc", "repro"]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    before = (repository / "dvc.lock").read_bytes()
    set_parameter("rate: 0.1, then: succeed", "rate: 0.2, then: wait")
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as repro:
        assert repro.stdout
        for line in repro.stdout:
            if line == b"waiting\n":
                os.killpg(repro.pid, signal.SIGINT)  # as a terminal sends Ctrl-C
                break
    assert repro.returncode != 0
    assert (repository / "models/one/model.keras").read_text() == "0.1"
    assert (repository / "reports/one/history.csv").exists()
    assert (repository / "dvc.lock").read_bytes() == before
    finished, killed = runs("lessons")
    assert finished.data.tags["dvc.key"] == key_of(lock_entry(repository))
    assert (finished.info.status, killed.info.status) == ("FINISHED", "KILLED")
    assert killed.data.metrics == {"loss": 0.8}
    set_parameter("rate: 0.2, then: wait", "rate: 0.1, then: succeed")
    assert Repo(str(repository)).status() == {}
