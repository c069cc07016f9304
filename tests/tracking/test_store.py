import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pedigree.errors import WrongUseError
from pedigree.tracking import store as module
from pedigree.tracking.store import experiment_id, is_local, open_client, tracking_uri

TABLES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


def locations() -> set[str]:
    with closing(sqlite3.connect(module.DATABASE)) as connection:
        return {
            row[0]
            for table, column in TABLES
            for row in connection.execute(f"SELECT {column} FROM {table}")
        }


def test_a_new_store_is_made_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    client = open_client()
    assert experiment_id(client, "lessons") == experiment_id(client, "lessons")
    assert (tmp_path / "mlruns/mlflow.db").exists()
    assert locations() == {
        str(tmp_path / "mlruns/artifacts/0"),
        str(tmp_path / "mlruns/artifacts/lessons"),
    }
    assert capfd.readouterr() == ("", "")


def test_paths_follow_a_folder_that_has_moved(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_client()
    lessons = experiment_id(client, "lessons")
    run = client.create_run(lessons)
    client.log_text(run.info.run_id, "here", "note.txt")
    model = client.create_logged_model(lessons, "m", source_run_id=run.info.run_id)
    client.create_registered_model("m")
    client.create_model_version("m", f"models:/{model.model_id}")
    moved = tmp_path / "elsewhere, it's 100%_here"
    moved.mkdir()
    shutil.move(store, moved / "mlruns")
    monkeypatch.chdir(moved)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    client = open_client()
    assert all(each.startswith(f"{moved}/mlruns/artifacts/") for each in locations())
    # `Default`, the experiment, the run, and the model that the version shares.
    assert len(locations()) == 4
    files = client.list_artifacts(run.info.run_id)
    assert [file.path for file in files] == ["note.txt"]


@pytest.mark.usefixtures("store")
def test_a_store_in_its_place_costs_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    open_client()
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(module.sqlite3, "connect", traced)
    module.repair_locations()
    assert len(statements) == 1 and statements[0].startswith("SELECT")


@pytest.mark.usefixtures("store")
def test_another_store_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_local()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlruns/mlflow.db")
    assert is_local()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert not is_local() and tracking_uri() == "http://127.0.0.1:1"


def test_a_store_that_is_none(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (store / "mlflow.db").write_text("no database, but long enough to look at" * 99)
    with pytest.raises(WrongUseError, match="file is not a database"):
        open_client()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://here")
    with pytest.raises(WrongUseError, match="the MLflow store nonsense://here must be"):
        open_client()
