"""What MLflow records about runs and model versions, as far as lineage needs it.

The local store is asked in SQL: importing MLflow takes longer than all answers. Any
other store is asked through MLflow's client. Both give the same records.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pedigree.errors import WrongUseError
from pedigree.tracking.runs import LOCK_ENTRY
from pedigree.tracking.store import (
    DATABASE,
    is_local,
    open_client,
    repair_locations,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

LATEST = 2**62


@dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        run_id: Its id.
        started: Milliseconds since 1970.
        tags: Its tags.
    """

    run_id: str
    started: int
    tags: Mapping[str, str]


@dataclass(frozen=True)
class VersionRecord:
    """A model version.

    Attributes:
        name: The registered model.
        version: The number of the version.
        run_id: The run that trained it.
        aliases: The aliases that point at it, sorted.
        tags: Its tags.
        artifact: Where the files of the logged model are.
    """

    name: str
    version: int
    run_id: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    artifact: str


class Records(Protocol):
    """What a store can be asked."""

    def versions(self, name: str | None = None) -> list[VersionRecord]:
        """The versions of one registered model or of all, by name and number."""
        ...

    def run(self, run_id: str) -> RunRecord:
        """The run with an id.

        Raises:
            WrongUseError: If the store has none.
        """
        ...

    def maker(self, path: str, value: str, before: int = LATEST) -> RunRecord | None:
        """Find the finished run that wrote a file or folder with a hash.

        Args:
            path: The file or folder.
            value: Its hash.
            before: When it was read, in milliseconds since 1970. The last run before
                that is preferred; a later one tells as well, for `pedigree sync` makes
                runs after the fact.
        """
        ...

    def lock_entry(self, run_id: str) -> Any:
        """Read the lock entry that a run keeps.

        Raises:
            OSError: If the run has none.
            ValueError: If it is not JSON.
        """
        ...


def open_records() -> Records:
    """Open the store for reading.

    Raises:
        WrongUseError: If the store cannot be opened.
    """
    if is_local() and DATABASE.is_file():
        return SqliteRecords(DATABASE)
    return MlflowRecords(open_client())


class SqliteRecords:
    """The local store, in SQL.

    Args:
        database: MLflow's SQLite file.

    Raises:
        WrongUseError: If it is not one, or one of another version of MLflow.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        with _explained(database):
            repair_locations()
            self._connection = sqlite3.connect(database)
            self._connection.row_factory = sqlite3.Row

    def versions(self, name: str | None = None) -> list[VersionRecord]:
        """The versions of one registered model or of all, by name and number."""
        query = "SELECT * FROM model_versions WHERE ? IN (name, '') ORDER BY 1, 2"
        rows = self._ask(query, name or "")
        tags = self._collect("SELECT * FROM model_version_tags")
        named: dict[tuple[str, int], list[str]] = {}
        for row in self._ask("SELECT * FROM registered_model_aliases ORDER BY alias"):
            named.setdefault((row["name"], int(row["version"])), []).append(
                row["alias"]
            )
        return [
            VersionRecord(
                name=row["name"],
                version=int(row["version"]),
                run_id=row["run_id"],
                aliases=tuple(named.get((row["name"], int(row["version"])), ())),
                tags=tags.get((row["name"], int(row["version"])), {}),
                artifact=row["storage_location"] or row["source"],
            )
            for row in rows
            if row["current_stage"] != "Deleted_Internal"
        ]

    def run(self, run_id: str) -> RunRecord:
        """The run with an id."""
        rows = self._ask("SELECT * FROM runs WHERE run_uuid = ?", run_id)
        if not rows:
            raise _no_run(run_id)
        return self._record(rows[0])

    def maker(self, path: str, value: str, before: int = LATEST) -> RunRecord | None:
        """Find the finished run that wrote a file or folder with a hash."""
        rows = self._ask(
            "SELECT runs.* FROM tags JOIN runs USING (run_uuid) WHERE key = ? "
            "AND value = ? AND status = 'FINISHED' AND lifecycle_stage = 'active' "
            # Before the reading, the last one first; then the next one after it.
            "ORDER BY start_time > ?, abs(start_time - ?), run_uuid LIMIT 1",
            *(f"dvc.out.{path}", value, before, before),
        )
        return self._record(rows[0]) if rows else None

    def lock_entry(self, run_id: str) -> Any:
        """Read the lock entry that a run keeps."""
        (row,) = self._ask("SELECT artifact_uri FROM runs WHERE run_uuid = ?", run_id)
        return json.loads(Path(row["artifact_uri"], LOCK_ENTRY).read_text("utf-8"))

    def _record(self, row: sqlite3.Row) -> RunRecord:
        query = "SELECT key, value FROM tags WHERE run_uuid = ?"
        tags = {tag["key"]: tag["value"] for tag in self._ask(query, row["run_uuid"])}
        return RunRecord(row["run_uuid"], row["start_time"], tags)

    def _collect(self, query: str) -> dict[tuple[str, int], dict[str, str]]:
        """Collect the tags of model versions."""
        collected: dict[tuple[str, int], dict[str, str]] = {}
        for row in self._ask(query):
            tags = collected.setdefault((row["name"], int(row["version"])), {})
            tags[row["key"]] = row["value"]
        return collected

    def _ask(self, query: str, *values: object) -> list[sqlite3.Row]:
        with _explained(self._database):
            return self._connection.execute(query, values).fetchall()


class MlflowRecords:
    """Any store, through MLflow's client.

    Args:
        client: The open store.
    """

    def __init__(self, client: "MlflowClient") -> None:
        self._client = client
        self._experiments = [each.experiment_id for each in client.search_experiments()]

    def versions(self, name: str | None = None) -> list[VersionRecord]:
        """The versions of one registered model or of all, by name and number."""
        named = f"name = '{name}'" if name else None
        aliases = {
            model.name: model.aliases
            for model in _all_pages(self._client.search_registered_models, named)
        }
        records = [
            self._version(each, aliases.get(each.name, {}))
            for each in _all_pages(self._client.search_model_versions, named)
        ]
        return sorted(records, key=lambda each: (each.name, each.version))

    def run(self, run_id: str) -> RunRecord:
        """The run with an id."""
        from mlflow.exceptions import MlflowException

        try:
            return _record(self._client.get_run(run_id))
        except MlflowException as error:
            raise _no_run(run_id) from error

    def maker(self, path: str, value: str, before: int = LATEST) -> RunRecord | None:
        """Find the finished run that wrote a file or folder with a hash."""
        query = f"tags.`dvc.out.{path}` = '{value}' and attributes.status = 'FINISHED'"
        for when, order in ((f"<= {before}", "DESC"), (f"> {before}", "ASC")):
            runs = self._client.search_runs(
                self._experiments,
                f"{query} and attributes.start_time {when}",
                max_results=1,
                order_by=[f"attributes.start_time {order}"],
            )
            if runs:
                return _record(runs[0])
        return None

    def lock_entry(self, run_id: str) -> Any:
        """Read the lock entry that a run keeps."""
        from mlflow.exceptions import MlflowException

        try:
            path = self._client.download_artifacts(run_id, LOCK_ENTRY)
        except MlflowException as error:
            raise FileNotFoundError(" ".join(str(error).split())) from error
        return json.loads(Path(path).read_text("utf-8"))

    def _version(
        self, version: "ModelVersion", aliases: Mapping[str, str]
    ) -> VersionRecord:
        client, number = self._client, str(version.version)
        return VersionRecord(
            name=version.name,
            version=int(version.version),
            run_id=str(version.run_id),
            aliases=tuple(sorted(k for k, v in aliases.items() if str(v) == number)),
            tags=version.tags,
            artifact=client.get_model_version_download_uri(version.name, number),
        )


def _no_run(run_id: str) -> WrongUseError:
    return WrongUseError(
        f"the store must hold the run of each registered model. Received: no {run_id}",
        "Delete the version that names it, and register the model again: `dvc repro`.",
    )


def _record(run: "Run") -> RunRecord:
    return RunRecord(run.info.run_id, run.info.start_time, run.data.tags)


def _all_pages(search: Any, query: str | None) -> Iterator[Any]:
    """Yield what a search of MLflow's client finds, page by page."""
    token = None
    while True:
        page = search(filter_string=query, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


@contextmanager
def _explained(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise WrongUseError(
            f"{database} must be a store of the installed MLflow. Received: {error}",
            "Upgrade it with `mlflow db upgrade`, or move it away.",
        ) from error
