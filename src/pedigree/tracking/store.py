"""The MLflow store: a SQLite file and a folder of artifacts below `mlruns`."""

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.errors import WrongUseError
from pedigree.tracking.secrets import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = Path("mlruns")
DATABASE = FOLDER / "mlflow.db"
ARTIFACTS = FOLDER / "artifacts"

# Every column in which MLflow stores an absolute path.
_LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)


def tracking_uri() -> str:
    """Name the store: `MLFLOW_TRACKING_URI`, or else the file below `mlruns`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{DATABASE.resolve()}"


def is_local() -> bool:
    """Tell whether the store is the file below `mlruns`."""
    names = (DATABASE, DATABASE.resolve())
    return tracking_uri() in [f"sqlite:///{name}" for name in names]


def _prepare_environment() -> None:
    """Set what MLflow reads when it is imported, and quieten its migrations."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # A pickle runs code as it is loaded. What the pipeline registers holds none.
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    # A run that somebody else has opened would take in what is logged here.
    os.environ.pop("MLFLOW_RUN_ID", None)
    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)


def open_client() -> "MlflowClient":
    """Open the store, made or repaired where need be.

    Raises:
        WrongUseError: If the store cannot be opened.
    """
    _prepare_environment()
    import mlflow
    from mlflow.exceptions import MlflowException

    uri = tracking_uri()
    try:
        if is_local():
            _prepare_database()
        # MLflow's registry looks up what a version is made of in the store of the
        # process, whatever store its client has.
        mlflow.set_tracking_uri(uri)
        return mlflow.MlflowClient(uri, registry_uri=uri)
    except (MlflowException, sqlite3.Error, OSError) as error:
        cause = str(error).strip().splitlines()[0]
        raise WrongUseError(
            f"the MLflow store {redact(uri)} must be usable. Received: {redact(cause)}",
            "Correct MLFLOW_TRACKING_URI, or upgrade or move away the store.",
        ) from error


def experiment_id(client: "MlflowClient", name: str) -> str:
    """Find an MLflow experiment by its name; make it where it does not exist."""
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    location = str(ARTIFACTS.resolve() / name) if is_local() else None
    return str(client.create_experiment(name, artifact_location=location))


def _prepare_database() -> None:
    if DATABASE.exists():
        repair_locations()
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    # Opened once by hand, so that the experiment `Default` too has its place there.
    SqlAlchemyStore(  # type: ignore[no-untyped-call]
        tracking_uri(), str(ARTIFACTS.resolve())
    )


def repair_locations() -> None:
    """Let the stored paths follow a folder that has moved: one query if it has not."""
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        found = connection.execute(
            "SELECT artifact_location FROM experiments WHERE experiment_id = 0"
        ).fetchone()
        if found is None:
            return
        old, new = str(Path(found[0]).parent), str(ARTIFACTS.resolve())
        if old == new:
            return
        for table, column in _LOCATIONS:
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE substr({column}, 1, ?) = ?",
                (new, len(old) + 1, len(old) + 1, old + "/"),
            )
