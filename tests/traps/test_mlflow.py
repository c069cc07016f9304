import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_mlflow_refuses_its_former_store_of_files(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from pedigree.tracking.store import open_client

    with pytest.raises(MlflowException):
        MlflowClient(str(store)).search_experiments()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert open_client().tracking_uri == f"sqlite:///{store}/mlflow.db"


def test_mlflow_loads_no_model_after_a_move_unless_its_paths_are_repaired(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    from pedigree.tracking.store import experiment_id, open_client

    client = open_client()
    script = tmp_path / "model.py"
    script.write_text(
        "import mlflow\n"
        "class Echo(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input: list[str]):\n"
        "        return model_input\n"
        "mlflow.models.set_model(Echo())\n"
    )
    with mlflow.start_run(experiment_id=experiment_id(client, "lessons")):
        mlflow.pyfunc.log_model(
            name="echo",
            python_model=str(script),
            registered_model_name="echo",
            pip_requirements=[],
        )
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    store.rename(moved / "mlruns")
    monkeypatch.chdir(moved)
    mlflow.set_tracking_uri(f"sqlite:///{moved}/mlruns/mlflow.db")
    with pytest.raises((mlflow.MlflowException, OSError)):
        mlflow.pyfunc.load_model("models:/echo/1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    open_client()
    assert mlflow.pyfunc.load_model("models:/echo/1").predict(["a"]) == ["a"]


@pytest.mark.parametrize(
    ("prepared", "sends"), [("", "True"), ("_prepare_environment(); ", "False")]
)
def test_mlflow_reports_home_unless_told_not_to(prepared: str, sends: str) -> None:
    switches = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "PYTEST_CURRENT_TEST", "CI")
    script = (
        "import sys; sys.modules.pop('pytest', None);"
        "from pedigree.tracking.store import _prepare_environment;"
        f"{prepared}"
        "from mlflow.telemetry import utils;"
        "utils._IS_IN_CI_ENV_OR_TESTING = False;"
        "print(not utils.is_telemetry_disabled())"
    )
    environment = {k: v for k, v in os.environ.items() if k not in switches}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == sends
