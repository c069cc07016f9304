"""What a model version descends from, found in MLflow by content.

Each run bears the hashes of what its stage read and wrote. The ancestry of a version
starts at the run that trained it; the run that wrote a file which another read is
found by the path and the hash of that file, and so on to the source bytes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.errors import WrongUseError
from pedigree.tracking.dvc_entry import key_of
from pedigree.tracking.outcome import SOURCE_TAG
from pedigree.tracking.runs import LOCK_ENTRY

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

# Folders of what stages write or users put; other dependencies are files in git.
DATA_FOLDERS = ("data/", "models/", "reports/")

LATEST = 2**62

_ENVIRONMENT = ("python", "backend", "cpu.model", "cpu.threads")
_URI = re.compile(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+))")


@dataclass(frozen=True)
class Source:
    """One file as its publisher has it.

    Attributes:
        name: The name of the file.
        sha256: Its sum; None where nothing recorded it.
        origin: Where it comes from: an address, a library, or the folder that a user
            put it into.
    """

    name: str
    sha256: str | None
    origin: str


@dataclass(frozen=True, eq=False)
class Execution:
    """One execution of a stage.

    Attributes:
        address: The stage, e.g. `train@digits_convnet`.
        key: The sha256 of its command, dependencies and parameters.
        command: The command.
        dependencies: The hash of each file or folder it read, by path.
        parameters: The values it read, by file and dotted key.
        outputs: The hash of each file or folder it wrote, by path.
        sources: The source files that it brought or read.
        run_id: The run in MLflow.
        started: Milliseconds since 1970.
        commit: The commit that it ran on, or None.
        dirty: Whether the working tree differed from that commit, or None.
        environment: Python, packages and processor; empty where the outputs came from
            a cache.
        cached: Whether the run was made for outputs that came from a cache.
    """

    address: str
    key: str
    command: str
    dependencies: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, str]
    sources: tuple[Source, ...]
    run_id: str
    started: int
    commit: str | None
    dirty: bool | None
    environment: Mapping[str, str]
    cached: bool

    @property
    def code(self) -> dict[str, str]:
        """The dependencies that are files in git."""
        return {
            path: value
            for path, value in self.dependencies.items()
            if not path.startswith(DATA_FOLDERS)
        }

    @property
    def data(self) -> dict[str, str]:
        """The dependencies that stages or users wrote."""
        return {
            path: value
            for path, value in self.dependencies.items()
            if path.startswith(DATA_FOLDERS)
        }


@dataclass(frozen=True)
class Ancestry:
    """A model version and the executions it descends from.

    Attributes:
        name: The registered model.
        version: The number of the version.
        aliases: The aliases of the version.
        model_hash: The hash of `models/<experiment>`.
        model_path: That path.
        artifact: Where MLflow keeps the logged model.
        manifest: The sha256 of the manifest of the logged model, or None.
        executions: The training first, then what it descends from.
        gaps: Data that no run says the making of, by path; an external dataset that
            a user put there is none.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    model_hash: str
    model_path: str
    artifact: str
    manifest: str | None
    executions: tuple[Execution, ...]
    gaps: Mapping[str, str]

    @property
    def uri(self) -> str:
        """The version in the form that MLflow takes."""
        return f"models:/{self.name}/{self.version}"

    @property
    def training(self) -> Execution:
        """The execution that trained the model."""
        return self.executions[0]

    @property
    def from_the_source(self) -> tuple[Execution, ...]:
        """The executions in an order in which they can run: the training last."""
        order = TopologicalSorter(
            {
                each: [
                    maker
                    for path, value in each.data.items()
                    if (maker := self.maker(path, value))
                ]
                for each in self.executions
            }
        )
        return tuple(order.static_order())

    def maker(self, path: str, value: str) -> Execution | None:
        """The execution that wrote a file or folder with a hash."""
        for each in self.executions:
            if each.outputs.get(path) == value:
                return each
        return None

    def needed_outputs(self, execution: Execution) -> dict[str, str]:
        """The outputs of an execution that lead to the model, by path."""
        read = {item for each in self.executions for item in each.data.items()}
        read.add((self.model_path, self.model_hash))
        return {
            path: value
            for path, value in execution.outputs.items()
            if (path, value) in read
        }

    def sources(self, execution: Execution) -> tuple[Source, ...]:
        """The source files that entered with an execution.

        Ingest knows the files that it read; where a download brought them, they are
        the download's.
        """
        fetched = any(self.maker(*item) for item in execution.data.items())
        return () if fetched else execution.sources


def read_ancestry(client: "MlflowClient", model_uri: str) -> Ancestry:
    """Follow a model version back to its source bytes.

    Args:
        client: The open store.
        model_uri: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Raises:
        WrongUseError: If there is no such version, or it was not registered by the
            pipeline.
    """
    version = find_version(client, model_uri)
    path = f"models/{version.tags.get('pedigree.experiment')}"
    model_hash = version.tags.get(f"dvc.out.{path}")
    if model_hash is None:
        raise WrongUseError(
            f"{model_uri} must be registered by the pipeline. Received: a version "
            "without the tags of its training",
            "`dvc repro` registers the model of each experiment.",
        )
    trained = client.get_run(str(version.run_id))
    executions, gaps = _walk(client, trained)
    return Ancestry(
        name=version.name,
        version=int(version.version),
        aliases=tuple(sorted(version.aliases)),
        model_hash=model_hash,
        model_path=path,
        artifact=client.get_model_version_download_uri(version.name, version.version),
        manifest=version.tags.get("pedigree.manifest"),
        executions=executions,
        gaps=gaps,
    )


def find_version(client: "MlflowClient", model_uri: str) -> "ModelVersion":
    """Look up a version by its address.

    Raises:
        WrongUseError: If the address is malformed, or there is no such version.
    """
    from mlflow.exceptions import MlflowException

    parts = _URI.fullmatch(model_uri)
    if parts is None:
        raise WrongUseError(
            "MODEL_URI must be models:/NAME@ALIAS or models:/NAME/VERSION. "
            f"Received: {model_uri}",
            "`pedigree ui` shows the registered models.",
        )
    name = parts["name"]
    try:
        if parts["alias"]:
            found = client.get_model_version_by_alias(name, parts["alias"])
            # An alias brings the version without its other aliases.
            return client.get_model_version(name, found.version)
        return client.get_model_version(name, parts["version"])
    except MlflowException as error:
        raise WrongUseError(
            f"MODEL_URI must name a registered version. Received: {model_uri}: "
            f"{' '.join(str(error).split())}",
            _known_versions(client),
        ) from error


def _known_versions(client: "MlflowClient") -> str:
    models = client.search_registered_models(max_results=5)
    latest = [
        f"models:/{model.name}/{each.version}"
        for model in models
        for each in model.latest_versions
    ]
    known = ", ".join(latest) or "none; `dvc repro` registers models"
    return f"Registered are {known}."


def _walk(
    client: "MlflowClient", trained: "Run"
) -> tuple[tuple[Execution, ...], dict[str, str]]:
    """Read executions breadth first, each once."""
    experiments = [each.experiment_id for each in client.search_experiments()]
    found = {trained.info.run_id: read_execution(client, trained)}
    gaps: dict[str, str] = {}
    queue = list(found.values())
    while queue:
        execution = queue.pop(0)
        for path, value in execution.data.items():
            maker = find_maker(client, experiments, path, value, execution.started)
            if maker is None:
                if not path.startswith("data/external/"):
                    gaps[path] = value
            elif maker.info.run_id not in found:
                made = read_execution(client, maker)
                found[maker.info.run_id] = made
                queue.append(made)
    return tuple(found.values()), gaps


def find_maker(
    client: "MlflowClient",
    experiments: list[str],
    path: str,
    value: str,
    before: int = LATEST,
) -> "Run | None":
    """Find the run that wrote a file or folder with a hash.

    Args:
        client: The open store.
        experiments: The ids of the MLflow experiments to look in.
        path: The file or folder.
        value: Its hash.
        before: When it was read, in milliseconds since 1970. The last run before that
            is preferred; a later one tells as well, for `pedigree sync` makes runs
            after the fact.
    """
    query = f"tags.`dvc.out.{path}` = '{value}' and attributes.status = 'FINISHED'"
    for when, order in ((f"<= {before}", "DESC"), (f"> {before}", "ASC")):
        runs = client.search_runs(
            experiments,
            f"{query} and attributes.start_time {when}",
            max_results=1,
            order_by=[f"attributes.start_time {order}"],
        )
        if runs:
            return runs[0]
    return None


def read_execution(client: "MlflowClient", run: "Run") -> Execution:
    """Read an execution off its run.

    Raises:
        WrongUseError: If the run lacks its lock entry, or does not match it.
    """
    tags = run.data.tags
    entry = _read_lock_entry(client, run)
    commit = tags.get("git.commit", "none")
    environment = {
        name: value
        for name, value in tags.items()
        if name in _ENVIRONMENT or name.startswith("package.")
    }
    return Execution(
        address=tags["dvc.stage"],
        key=tags["dvc.key"],
        command=entry["cmd"],
        dependencies=entry["deps"],
        parameters=entry["params"],
        outputs={
            name.removeprefix("dvc.out."): value
            for name, value in tags.items()
            if name.startswith("dvc.out.")
        },
        sources=tuple(_sources(tags, entry)),
        run_id=run.info.run_id,
        started=run.info.start_time,
        commit=None if commit == "none" else commit,
        dirty=tags["git.dirty"] == "true" if "git.dirty" in tags else None,
        environment=environment,
        cached="pedigree.origin" in tags,
    )


def _read_lock_entry(client: "MlflowClient", run: "Run") -> dict[str, Any]:
    from mlflow.exceptions import MlflowException

    remedy = "`pedigree sync` makes the run anew; delete this one first."
    run_id = run.info.run_id
    try:
        path = Path(client.download_artifacts(run_id, LOCK_ENTRY))
        entry: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (MlflowException, OSError, ValueError) as error:
        raise WrongUseError(
            f"the run {run_id} of {run.info.run_name} must hold {LOCK_ENTRY}. "
            f"Received: {' '.join(str(error).split())}",
            remedy,
        ) from error
    if key_of(entry) != run.data.tags["dvc.key"]:
        raise WrongUseError(
            f"{LOCK_ENTRY} of the run {run_id} of {run.info.run_name} must have the "
            f"key {run.data.tags['dvc.key']}. Received: {key_of(entry)}",
            remedy,
        )
    return entry


def _sources(tags: Mapping[str, str], entry: Mapping[str, Any]) -> Iterator[Source]:
    """The files of a download; or, for ingest, those that a user has put there."""
    stage, _, key = tags["dvc.stage"].partition("@")
    if stage == "fetch":
        download = entry["params"]["params.yaml"][f"downloads.{key}"]
        for file in download["files"]:
            yield Source(file["name"], file["sha256"], _origin(download, file["name"]))
    for name, value in tags.items():
        if name.startswith(SOURCE_TAG):
            folder = f"data/external/{key}"
            yield Source(name.removeprefix(SOURCE_TAG), value, folder)


def _origin(download: Mapping[str, Any], name: str) -> str:
    kind = download["kind"]
    if kind == "url":
        return f"{str(download['url']).rstrip('/')}/{name}"
    if kind == "kaggle":
        return f"https://www.kaggle.com/datasets/{download['dataset']}"
    if kind == "sklearn":
        return f"sklearn.datasets: {name}"
    return f"keras.datasets.{download['name']}"
