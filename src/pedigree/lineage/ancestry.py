"""What a model version descends from, found in MLflow by content.

Each run bears the hashes of what its stage read and wrote. The ancestry of a version
starts at the run that trained it; the run that wrote a file which another read is
found by the path and the hash of that file, and so on to the source bytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from pedigree.errors import WrongUseError
from pedigree.lineage.records import Records, RunRecord, VersionRecord
from pedigree.tracking.dvc_entry import key_of
from pedigree.tracking.outcome import SOURCE_TAG
from pedigree.tracking.runs import LOCK_ENTRY

# Folders of what stages write or users put; other dependencies are in git.
DATA_FOLDERS = ("data/", "models/", "reports/")

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
        """The dependencies that are files in git, and folders of them."""
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


def read_ancestry(records: Records, model_uri: str) -> Ancestry:
    """Follow a model version back to its source bytes.

    Args:
        records: The open store.
        model_uri: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Raises:
        WrongUseError: If there is no such version, or it was not registered by the
            pipeline.
    """
    version = find_version(records, model_uri)
    path = f"models/{version.tags.get('pedigree.experiment')}"
    model_hash = version.tags.get(f"dvc.out.{path}")
    if model_hash is None:
        raise WrongUseError(
            f"{model_uri} must be registered by the pipeline. Received: a version "
            "without the tags of its training",
            "`dvc repro` registers the model of each experiment.",
        )
    executions, gaps = _walk(records, records.run(version.run_id))
    return Ancestry(
        name=version.name,
        version=version.version,
        aliases=version.aliases,
        model_hash=model_hash,
        model_path=path,
        artifact=version.artifact,
        manifest=version.tags.get("pedigree.manifest"),
        executions=executions,
        gaps=gaps,
    )


def find_version(records: Records, model_uri: str) -> VersionRecord:
    """Look up a version by its address.

    Raises:
        WrongUseError: If the address is malformed, or there is no such version.
    """
    parts = _URI.fullmatch(model_uri)
    if parts is None:
        raise WrongUseError(
            "MODEL_URI must be models:/NAME@ALIAS or models:/NAME/VERSION. "
            f"Received: {model_uri}",
            "`pedigree ui` shows the registered models.",
        )
    for each in records.versions(parts["name"]):
        number = parts["version"] and int(parts["version"]) == each.version
        if number or parts["alias"] in each.aliases:
            return each
    newest = {each.name: each.version for each in records.versions()}
    known = ", ".join(f"models:/{name}/{number}" for name, number in newest.items())
    known = known or "none; `dvc repro` registers models"
    raise WrongUseError(
        f"MODEL_URI must name a registered version. Received: {model_uri}",
        f"Registered are {known}.",
    )


def _walk(
    records: Records, trained: RunRecord
) -> tuple[tuple[Execution, ...], dict[str, str]]:
    """Read executions breadth first, each once."""
    found = {trained.run_id: read_execution(records, trained)}
    gaps: dict[str, str] = {}
    queue = list(found.values())
    while queue:
        execution = queue.pop(0)
        for path, value in execution.data.items():
            maker = records.maker(path, value, execution.started)
            if maker is None:
                if not path.startswith("data/external/"):
                    gaps[path] = value
            elif maker.run_id not in found:
                found[maker.run_id] = read_execution(records, maker)
                queue.append(found[maker.run_id])
    return tuple(found.values()), gaps


def read_execution(records: Records, run: RunRecord) -> Execution:
    """Read an execution off its run.

    Raises:
        WrongUseError: If the run lacks its lock entry, or does not match it.
    """
    tags = run.tags
    entry = _read_lock_entry(records, run)
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
            for name, value in sorted(tags.items())
            if name.startswith("dvc.out.")
        },
        sources=tuple(_sources(tags, entry)),
        run_id=run.run_id,
        started=run.started,
        commit=None if commit == "none" else commit,
        dirty=tags["git.dirty"] == "true" if "git.dirty" in tags else None,
        environment=environment,
        cached="pedigree.origin" in tags,
    )


def _read_lock_entry(records: Records, run: RunRecord) -> dict[str, Any]:
    remedy = "`pedigree sync` makes the run anew; delete this one first."
    name = f"the run {run.run_id} of {run.tags.get('dvc.stage')}"
    try:
        entry: dict[str, Any] = records.lock_entry(run.run_id)
    except (OSError, ValueError) as error:
        raise WrongUseError(
            f"{name} must hold {LOCK_ENTRY}. Received: {' '.join(str(error).split())}",
            remedy,
        ) from error
    if key_of(entry) != run.tags["dvc.key"]:
        raise WrongUseError(
            f"{LOCK_ENTRY} of {name} must have the key {run.tags['dvc.key']}. "
            f"Received: {key_of(entry)}",
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
