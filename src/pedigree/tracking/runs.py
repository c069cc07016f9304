"""MLflow runs, described and found by content: never by an id in a file."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pedigree.errors import WrongUseError
from pedigree.tracking.dvc_entry import (
    DvcEntry,
    hashes,
    identity_of,
    key_of,
    parameters_of,
)
from pedigree.tracking.environment import git_tags
from pedigree.tracking.outcome import log_history
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.secrets import redact
from pedigree.tracking.store import experiment_id, open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run

# Stages whose runs stand in the MLflow experiment of their study; the runs of the
# others are shared by studies.
STUDY_STAGES = ("tune", "train", "evaluate", "register")
DATA_EXPERIMENT = "data"

# The lock entry of the execution, without outputs: what shaped them, in full.
LOCK_ENTRY = "lock_entry.json"

_DATASET_CONTEXTS = {
    "tune": "training",
    "train": "training",
    "evaluate": "evaluation",
}


def start_run(
    client: "MlflowClient",
    dvc_entry: DvcEntry,
    entry: Mapping[str, Any],
    tags: Mapping[str, str],
) -> RunLog:
    """Start a run with what is known of a stage before it has run.

    Args:
        client: The open store.
        dvc_entry: The stage.
        entry: The lock entry that the run is about.
        tags: Tags beside those of the lineage.
    """
    stage, _, key = dvc_entry.address.partition("@")
    name = DATA_EXPERIMENT
    if stage in STUDY_STAGES:
        experiment = key
        if stage == "tune":
            experiment = dvc_entry.parameter(f"searches.{key}.experiment")
        name = dvc_entry.parameter(f"experiments.{experiment}.study")
    created = client.create_run(
        experiment_id(client, name),
        tags={
            tag: redact(value)
            for tag, value in {
                **_lineage_tags(dvc_entry.address, entry),
                **tags,
            }.items()
        },
        run_name=dvc_entry.address,
    )
    run = RunLog(client, created.info.run_id)
    run.log_parameters(parameters_of(entry))
    client.log_inputs(run.run_id, _dataset_inputs(stage, entry))
    client.log_dict(run.run_id, identity_of(entry), LOCK_ENTRY)
    return run


def output_tags(outputs: Mapping[str, str]) -> dict[str, str]:
    """Name what a stage has written, by the hash of each path."""
    return {f"dvc.out.{path}": value for path, value in outputs.items()}


def training_run(experiment: str, file: Any = None) -> RunLog:
    """Find the run that trained the model which is there now.

    A model that came from a cache has no run in a fresh store: one is made then, from
    the lock entry and the history of the training.

    Args:
        experiment: Key of the experiment in `params.yaml`.
        file: What `open_pipeline_file` has returned; opened where there is none.

    Returns:
        The run; it is finished, and stays so when something is logged to it.

    Raises:
        WrongUseError: If there is no model, or nothing says how it was made.
    """
    client = open_client()
    train = DvcEntry(f"train@{experiment}", file)
    outputs = train.outputs()
    recorded = is_recorded(train, outputs)
    key = key_of(train.lock_entry or {}) if recorded else train.key
    found = find_run(client, key, outputs)
    if found is not None:
        return RunLog(client, found.info.run_id)
    if not recorded:
        model = f"models/{experiment}"
        raise WrongUseError(
            f"{model} must be what its stage made. Received: {outputs[model]}, which "
            "neither dvc.lock nor a run records",
            f"Run `dvc repro train@{experiment}`.",
        )
    with cached_run(client, train) as run:
        log_history(run, experiment)
    return run


def is_recorded(dvc_entry: DvcEntry, outputs: Mapping[str, str]) -> bool:
    """Tell whether outputs are those that `dvc.lock` records."""
    entry = dvc_entry.lock_entry or {}
    return hashes(entry.get("outs", ())) == outputs


@contextmanager
def cached_run(client: "MlflowClient", dvc_entry: DvcEntry) -> Iterator[RunLog]:
    """Open a run for outputs that came from a cache, and end it as the block ends.

    It names the present commit only where the files that are there now would give the
    same outputs; on what machine the execution ran is not known.

    Args:
        client: The open store.
        dvc_entry: A stage whose present outputs are those of its lock entry.

    Yields:
        The run, with what `dvc.lock` records. If the block fails, so has the run: the
        next attempt makes another.
    """
    entry = dvc_entry.lock_entry
    assert entry is not None
    tags = {**output_tags(hashes(entry["outs"])), "pedigree.origin": "cache"}
    commit = git_tags()
    if dvc_entry.key == key_of(entry) and commit["git.commit"] != "none":
        tags |= commit
    with start_run(client, dvc_entry, entry, tags).until_its_end() as run:
        yield run


def find_run(
    client: "MlflowClient", key: str, outputs: Mapping[str, str]
) -> "Run | None":
    """Find the newest finished run with a key and outputs.

    Args:
        client: The open store.
        key: The identity of the execution, its tag `dvc.key`.
        outputs: The hash of each output, by its path.
    """
    experiments = [each.experiment_id for each in client.search_experiments()]
    # One output is enough for the store to search by, and the others follow from it.
    (tag, value), *_ = output_tags(outputs).items()
    query = (
        f"tags.`dvc.key` = '{key}' and tags.`{tag}` = '{value}' "
        "and attributes.status = 'FINISHED'"
    )
    runs = client.search_runs(
        experiments, query, max_results=1, order_by=["attributes.start_time DESC"]
    )
    return runs[0] if runs else None


def find_failed_run(client: "MlflowClient", key: str) -> "Run | None":
    """Find the newest run with a key that failed.

    Args:
        client: The open store.
        key: The identity of the execution, its tag `dvc.key`.
    """
    experiments = [each.experiment_id for each in client.search_experiments()]
    query = f"tags.`dvc.key` = '{key}' and attributes.status = 'FAILED'"
    runs = client.search_runs(
        experiments, query, max_results=1, order_by=["attributes.start_time DESC"]
    )
    return runs[0] if runs else None


def _lineage_tags(address: str, entry: Mapping[str, Any]) -> dict[str, str]:
    dependencies = hashes(entry.get("deps", ())).items()
    return {
        "dvc.stage": address,
        "dvc.key": key_of(entry),
        "mlflow.source.name": entry["cmd"],
        "mlflow.source.type": "LOCAL",
        **{f"dvc.dep.{path}": value for path, value in dependencies},
    }


def _dataset_inputs(stage: str, entry: Mapping[str, Any]) -> list["DatasetInput"]:
    """Describe the data that a stage depends on, with its hash as digest."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    context = InputTag("mlflow.data.context", _DATASET_CONTEXTS.get(stage, stage))
    inputs = []
    for dependency in entry.get("deps", ()):
        path = dependency["path"]
        if path.startswith("data/"):
            profile = {
                "bytes": dependency.get("size"),
                "files": dependency.get("nfiles", 1),
            }
            dataset = Dataset(
                name=path,
                digest=dependency["md5"],
                source_type="local",
                source=json.dumps({"uri": path}),
                profile=json.dumps(profile),
            )
            inputs.append(DatasetInput(dataset, [context]))
    return inputs
