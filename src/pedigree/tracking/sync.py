"""Giving MLflow the runs and model versions that it lacks, from the tracked files.

Results that came from a cache (`dvc pull`, `dvc checkout`, the run cache) have no run
in a store that did not see them made. What `dvc.lock` records about them, and what they
hold, is enough to make one.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.errors import WrongUseError
from pedigree.params.experiments import Register
from pedigree.params.file import read_section
from pedigree.tracking.dvc_entry import DvcEntry, hashes, key_of, open_pipeline_file
from pedigree.tracking.outcome import log_history, log_outcome, log_test_figures
from pedigree.tracking.registry import register_experiment
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.runs import cached_run, find_run, is_recorded, training_run
from pedigree.tracking.store import open_client
from pedigree.tracking.trials import log_trials

if TYPE_CHECKING:
    from mlflow import MlflowClient


def sync(addresses: Iterable[str]) -> tuple[list[str], list[str]]:
    """Make the runs that the store lacks.

    Args:
        addresses: Stages, each after those whose outputs it needs.

    Returns:
        The stages that got a run, and those whose outputs are not here as `dvc.lock`
        records them.
    """
    client, file = open_client(), open_pipeline_file()
    made, absent = [], []
    for address in addresses:
        dvc_entry = DvcEntry(address, file)
        if dvc_entry.lock_entry is None:
            continue
        if not _is_here(dvc_entry):
            absent.append(address)
        elif _sync_stage(client, dvc_entry):
            made.append(address)
    return made, absent


def sync_ancestors(address: str) -> list[str]:
    """Make the runs that the store lacks of all that a stage descends from.

    Args:
        address: The stage; its dependencies are there.

    Returns:
        The stages that got a run.
    """
    client, dvc_entry = open_client(), DvcEntry(address)
    lock = dvc_entry.lock
    ancestors = [
        DvcEntry(address, dvc_entry.file)
        for address in _ancestors(lock, hashes(dvc_entry.entry["deps"]))
    ]
    return [
        each.address
        for each in ancestors
        if _is_here(each) and _sync_stage(client, each)
    ]


def _ancestors(
    lock: Mapping[str, Any], dependencies: Mapping[str, str]
) -> Iterator[str]:
    """Follow dependencies to the stages that made them, the first makers first."""
    makers = {
        (path, value): address
        for address, entry in lock.items()
        for path, value in hashes(entry.get("outs", ())).items()
    }
    seen: set[str] = set()

    def follow(needed: Mapping[str, str]) -> Iterator[str]:
        for item in needed.items():
            address = makers.get(item)
            if address is not None and address not in seen:
                seen.add(address)
                yield from follow(hashes(lock[address].get("deps", ())))
                yield address

    yield from follow(dependencies)


def _is_here(dvc_entry: DvcEntry) -> bool:
    try:
        return is_recorded(dvc_entry, dvc_entry.outputs())
    except WrongUseError:
        return False


def _sync_stage(client: "MlflowClient", dvc_entry: DvcEntry) -> bool:
    """Make the run of one stage, unless the store has it."""
    entry = dvc_entry.lock_entry
    assert entry is not None
    if find_run(client, key_of(entry), hashes(entry["outs"])) is not None:
        return False
    stage, _, key = dvc_entry.address.partition("@")
    with cached_run(client, dvc_entry) as run:
        log_outcome(run, stage, key)
        if stage == "tune":
            log_trials(run, key, Path("reports/search", key))
        elif stage == "train":
            log_history(run, key)
        elif stage == "evaluate":
            log_test_figures(training_run(key, dvc_entry.file), key)
        elif stage == "register":
            _register(run, key, str(entry["cmd"]))
    return True


def _register(run: RunLog, experiment: str, command: str) -> None:
    features = command.split()[-1]
    name = read_section(Register, "experiments", experiment, "register").model
    register_experiment(run, name, experiment, Path("data/prepared", features))
