"""Measured results with their lineage, committed as `results/<study>.json`."""

import csv
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Literal

from pydantic import BaseModel, Field

from pedigree.data.prepared import read_meta
from pedigree.errors import WrongUseError
from pedigree.params.experiments import Experiment
from pedigree.params.file import Parameters
from pedigree.params.searches import Search
from pedigree.params.values import Name
from pedigree.sections import Section, parse
from pedigree.tracking.dvc_entry import (
    DvcEntry,
    hashes,
    key_of,
    open_pipeline_file,
)
from pedigree.tracking.run_log import RunLog, dotted_leaves
from pedigree.tracking.runs import find_failed_run, training_run
from pedigree.tracking.store import open_client

RESULTS = Path("results")

# Figures that every result holds, where they are measured, beside the published ones.
METRICS = (
    "test.accuracy",
    "test.log_loss",
    "test.roc_auc_macro",
    "test.mae",
    "test.naive_mae",
    "test.mse",
    "validation.accuracy",
    "validation.accuracy_at_logit_half",
    "validation.mean_iou",
    "validation.pixel_accuracy",
    "validation.mae",
    "validation.naive_mae",
    "validation.mse",
    "cross_validation.val_mean_absolute_error.mean",
    "train.perplexity",
    "validation.perplexity",
    "test.perplexity",
    "best_epoch.val_binary_crossentropy",
    "last_epoch.val_binary_crossentropy",
)

# Which epoch was best tells something where validation rows said so.
VALIDATED = ("best_epoch.epoch",)

Number = int | float
Scale = Literal["full", "reduced"]


class Settings(Section):
    """The sections of `params.yaml` that the training read.

    Attributes:
        model: The section `model` of the experiment.
        train: Its section `train`.
        search: The section of the search, where the result is that of one.
    """

    model: Mapping[str, Any]
    train: Mapping[str, Any]
    search: Mapping[str, Any] = Field(default_factory=dict)


class Lineage(Section):
    """What a result was made from.

    Attributes:
        keys: The identity `dvc.key` of the stages that measured.
        hashes: The hash of the data and of the model, by path, as in `dvc.lock`.
        git_commit: The commit that the training ran on, or that would give the same
            model where it came from a cache; null if there is none.
        git_dirty: Whether the working tree differed from that commit.
    """

    keys: Mapping[str, str]
    hashes: Mapping[str, str]
    git_commit: str | None
    git_dirty: bool | None


class Hardware(Section):
    """On what the training ran."""

    cpu_model: str
    cpu_threads: int
    backend: str
    python: str
    packages: Mapping[str, str]


class Result(Section):
    """What one experiment measured.

    Attributes:
        id: Key of the experiment, or of the search.
        study: Its study, which names the file.
        scale: `full` if data, features, model and training are those of the catalogue.
        measured: Figures of `metrics.json` by their dotted names, and speeds of the
            training.
        interval: The ends of the bootstrap interval of those that have one.
        confidence: The confidence of the intervals.
        seconds: Duration of the train stage; null if the model came from a cache, or
            from several executions of which one was interrupted.
        epochs: Epochs done.
        settings: What was trained, and how.
        lineage: What it was made from.
        hardware: On what; null if the model came from a cache.
        remark: What a reader of the comparison should know.
    """

    id: Name
    study: Name
    scale: Scale
    measured: Mapping[str, Number]
    interval: Mapping[str, tuple[float, float]]
    confidence: float
    seconds: float | None
    epochs: int
    settings: Settings
    lineage: Lineage
    hardware: Hardware | None
    remark: str


def record(
    experiment: str,
    active: Parameters,
    known: Parameters,
    remark: str | None = None,
    file: Any = None,
) -> Result:
    """Collect what an experiment measured, and what it was made from.

    Args:
        experiment: Key of an active experiment.
        active: What `params.yaml` holds.
        known: What the catalogue holds.
        remark: The remark; without one, that of an earlier result is kept.
        file: What `open_pipeline_file` has returned; opened where there is none.

    Raises:
        WrongUseError: If the experiment has not been measured, or `dvc repro` would
            run one of the stages that its figures come from.
    """
    entry = active.experiments[experiment]
    if entry.expected_failure:
        return _record_failure(experiment, active, known, file or open_pipeline_file())
    reports = Path("reports", experiment)
    metrics = _read_metrics(experiment, reports / "metrics.json")
    file = file or open_pipeline_file()
    locked = _locked_entries(experiment, active, file)
    epochs = _count_rows(reports / "history.csv")
    run = training_run(experiment, file)
    trained = run.client.get_run(run.run_id)
    logged = run.client.get_metric_history(run.run_id, "loss")
    tags = trained.data.tags
    # A training that goes on from a checkpoint logs the epochs that were left to do.
    whole = "pedigree.origin" not in tags and len(logged) == epochs
    milliseconds = trained.info.end_time - trained.info.start_time
    seconds = milliseconds / 1000 if whole else None
    measured = _measured(entry, metrics) | _speeds(entry, run, seconds)
    return Result(
        id=experiment,
        study=entry.study,
        scale=scale_of(experiment, active, known),
        measured=measured,
        interval=_intervals(metrics, measured),
        confidence=entry.evaluate.bootstrap.confidence,
        seconds=seconds,
        epochs=epochs,
        settings=settings_of(entry),
        lineage=_lineage(experiment, locked, tags),
        hardware=hardware_of(tags),
        remark=kept_remark(experiment, entry.study, remark),
    )


def kept_remark(name: str, study: str, remark: str | None) -> str:
    """Take a remark, or where there is none that of the earlier result."""
    if remark is not None:
        return remark
    earlier = read_results(study).get(name)
    return earlier.remark if earlier else ""


def _record_failure(
    experiment: str, active: Parameters, known: Parameters, file: Any
) -> Result:
    """Collect how a training failed that is to fail.

    Raises:
        WrongUseError: If it has not been run as it stands, or failed otherwise.
    """
    entry = active.experiments[experiment]
    stage = DvcEntry(f"train@{experiment}", file)
    run = find_failed_run(open_client(), stage.key)
    received = run.data.tags.get("pedigree.error", "") if run else "no such run"
    if run is None or str(entry.expected_failure) not in received:
        raise WrongUseError(
            f"the training of {experiment} must fail with: {entry.expected_failure}. "
            f"Received: {received}",
            f"Run `dvc repro train@{experiment}`.",
        )
    tags = run.data.tags
    return Result(
        id=experiment,
        study=entry.study,
        scale=scale_of(experiment, active, known),
        measured={},
        interval={},
        confidence=entry.evaluate.bootstrap.confidence,
        seconds=None,
        epochs=0,
        settings=settings_of(entry),
        lineage=Lineage(
            keys={"train": stage.key},
            hashes={},
            git_commit=tags.get("git.commit"),
            git_dirty=tags.get("git.dirty") == "true",
        ),
        hardware=hardware_of(tags),
        remark=f"Failed, as it is to: {received}",
    )


def settings_of(entry: Experiment, search: Search | None = None) -> Settings:
    """Collect the sections that a training or a search read."""
    sections: dict[str, BaseModel] = {"model": entry.model, "train": entry.train}
    if search is not None:
        sections["search"] = search
    return Settings(
        **{
            name: section.model_dump(mode="json", exclude_unset=True)
            for name, section in sections.items()
        }
    )


def scale_of(experiment: str, active: Parameters, known: Parameters) -> Scale:
    """Tell whether an experiment runs as the catalogue has it, on the same data.

    Args:
        experiment: Key of an active experiment.
        active: What `params.yaml` holds.
        known: What the catalogue holds.
    """
    full = experiment in known.experiments and (
        recipe_of(experiment, active) == recipe_of(experiment, known)
    )
    return "full" if full else "reduced"


def read_results(study: str, folder: Path = RESULTS) -> dict[str, Result]:
    """Read the results of a study, by experiment; none if there is no file.

    Raises:
        WrongUseError: If the file is not what `write_results` writes.
    """
    path = folder / f"{study}.json"
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
        return parse(dict[str, Result], content, path)
    except ValueError as error:
        rule = f"{path} must be JSON. Received: {error}"
    except WrongUseError as error:
        rule = error.rule
    raise WrongUseError(
        rule, f"Take {path} from git again, or delete it and run `pedigree record`."
    )


def write_results(results: Iterable[Result], folder: Path = RESULTS) -> list[Path]:
    """Merge results into the files of their studies, one after the other.

    Args:
        results: New results; those of other experiments stay as they are.
        folder: Where the files are. Each is replaced in one step.

    Returns:
        The files, in the order in which they were written.

    Raises:
        WrongUseError: If a file is not what this function writes.
    """
    studies: dict[str, dict[str, Result]] = {}
    for result in results:
        if result.study not in studies:
            studies[result.study] = read_results(result.study, folder)
        studies[result.study][result.id] = result
    folder.mkdir(exist_ok=True)
    return [_write(folder / f"{study}.json", each) for study, each in studies.items()]


def _write(path: Path, results: Mapping[str, Result]) -> Path:
    content = {
        # An experiment has no section of a search.
        name: result.model_dump(mode="json", exclude_unset=True)
        for name, result in results.items()
    }
    text = json.dumps(
        content, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False
    )
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(f"{text}\n", "utf-8")
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    return path


def _read_metrics(experiment: str, path: Path) -> dict[str, Any]:
    if not path.exists():
        raise WrongUseError(
            f"an experiment must have been measured to be recorded. Received: "
            f"{experiment}, without {path}",
            f"Run `dvc repro evaluate@{experiment}`.",
        )
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise WrongUseError(
            f"{path} must be what evaluate writes. Received: {error}",
            f"Run `dvc repro evaluate@{experiment}`.",
        ) from None


def _locked_entries(experiment: str, active: Parameters, file: Any) -> dict[str, Any]:
    """Look up what `dvc.lock` holds about evaluate and each stage before it."""
    features = active.experiments[experiment].features
    dataset = active.features[features].dataset
    addresses = {
        **({"fetch": dataset} if dataset in active.downloads else {}),
        "ingest": dataset,
        "validate": dataset,
        "preprocess": features,
        "train": experiment,
        "evaluate": experiment,
    }
    return {
        stage: locked_entry(
            DvcEntry(f"{stage}@{key}", file), f"Run `dvc repro evaluate@{experiment}`."
        )
        for stage, key in addresses.items()
    }


def locked_entry(stage: DvcEntry, remedy: str) -> dict[str, Any]:
    """Look up the lock entry of a stage that `dvc repro` would leave alone.

    Raises:
        WrongUseError: If it would not, with the remedy.
    """
    address, locked = stage.address, stage.lock_entry
    if locked is None:
        raise WrongUseError(
            f"{address} must be up to date. Received: no entry in dvc.lock", remedy
        )
    try:
        same_inputs = key_of(locked) == stage.key
        same_outputs = hashes(locked.get("outs", ())) == stage.outputs()
    except WrongUseError as error:
        raise WrongUseError(error.rule, remedy) from error
    if not (same_inputs and same_outputs):
        differing = "outputs" if same_inputs else "dependencies or parameters"
        raise WrongUseError(
            f"{address} must be up to date. Received: {differing} that differ from "
            "dvc.lock",
            remedy,
        )
    return locked


def _count_rows(path: Path) -> int:
    with path.open(newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.DictReader(file))


def recipe_of(experiment: str, parameters: Parameters) -> tuple[object, ...]:
    """Collect what decides about the figures: data, features, model and training."""
    entry = parameters.experiments[experiment]
    features = parameters.features[entry.features]
    return (
        entry.model,
        entry.train,
        features,
        parameters.datasets[features.dataset],
        parameters.downloads.get(features.dataset),
    )


def _measured(entry: Experiment, metrics: Mapping[str, Any]) -> dict[str, Number]:
    """Choose the figures that a reader compares."""
    validated = VALIDATED if "val_loss" in metrics.get("best_epoch", {}) else ()
    chosen = {*METRICS, *validated, *entry.published}
    return {
        name: int(value) if name.endswith(".epoch") else value
        for name, value in dotted_leaves(metrics)
        if name in chosen or name.startswith("yardstick.")
    }


def _speeds(
    entry: Experiment, trained: RunLog, seconds: float | None
) -> dict[str, Number]:
    """Collect the speed of the median epoch, where one is told or published.

    It is no output, which would have other bytes each time: MLflow alone knows it.
    """
    speeds: dict[str, Number] = {}
    history = trained.client.get_metric_history
    tokens = history(trained.run_id, "tokens_per_second")
    if tokens:
        speeds["train.tokens_per_second"] = median(each.value for each in tokens)
    if seconds is not None and "train.seconds" in entry.published:
        speeds["train.seconds"] = seconds
    ends = sorted(each.timestamp for each in history(trained.run_id, "loss"))
    if "train.examples_per_second" in entry.published and len(ends) > 1:
        epoch = median(later - sooner for sooner, later in pairwise(ends)) / 1000
        rows = read_meta(Path("data/prepared", entry.features)).rows["train"]
        speeds["train.examples_per_second"] = rows / epoch
    return speeds


def _intervals(
    metrics: Mapping[str, Any], measured: Iterable[str]
) -> dict[str, tuple[float, float]]:
    return {
        f"{split}.{name}": (ends["low"], ends["high"])
        for split, intervals in metrics.get("intervals", {}).items()
        for name, ends in intervals.items()
        if f"{split}.{name}" in measured
    }


def _lineage(
    experiment: str, locked: Mapping[str, Any], tags: Mapping[str, str]
) -> Lineage:
    files = {
        **hashes(locked["ingest"]["deps"]),
        **hashes(locked["ingest"]["outs"]),
        **hashes(locked["preprocess"]["outs"]),
        **hashes(locked["train"]["outs"]),
    }
    folders = ("data/external/", "data/raw/", "data/prepared/", f"models/{experiment}")
    commit, dirty = tags.get("git.commit"), tags.get("git.dirty")
    return Lineage(
        keys={stage: key_of(locked[stage]) for stage in ("train", "evaluate")},
        hashes={path: md5 for path, md5 in files.items() if path.startswith(folders)},
        git_commit=None if commit == "none" else commit,
        git_dirty=None if dirty is None else dirty == "true",
    )


def hardware_of(tags: Mapping[str, str]) -> Hardware | None:
    """Read the tags of `environment_tags`; a run made from a cache has none."""
    if "cpu.model" not in tags:
        return None
    return Hardware(
        cpu_model=tags["cpu.model"],
        cpu_threads=int(tags["cpu.threads"]),
        backend=tags["backend"],
        python=tags["python"],
        packages={
            name.removeprefix("package."): version
            for name, version in tags.items()
            if name.startswith("package.")
        },
    )
