"""evaluate: an experiment's model, measured on the prepared splits."""

import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console

# Before Keras is imported: TensorFlow's start-up notices are no news to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pedigree.data.prepared import Arrays, Meta, open_split, read_meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.inspection import Subject, inspect
from pedigree.evaluation.learning_curves import (
    best_epoch,
    draw_learning_curves,
    last_epoch,
    read_history,
)
from pedigree.evaluation.repeats import (
    Figures,
    draw_repeats,
    read_folds,
    summarize,
    write_repeats,
)
from pedigree.models.parts import FOLDS, REPEATS
from pedigree.models.predictor import load_predictor, model_file, read_outputs
from pedigree.params.evaluate import Evaluate
from pedigree.params.file import read_section
from pedigree.tracking.outcome import log_outcome, log_test_figures
from pedigree.tracking.runs import training_run
from pedigree.tracking.stage import StageRun, run_stage


def main(run: StageRun, experiment: str, features: str) -> None:
    """Measure an experiment's model.

    Args:
        run: The run to log to.
        experiment: Key of the experiment in `params.yaml`.
        features: Key of the features it was trained on.
    """
    parameters: Evaluate = read_section(
        Evaluate,  # type: ignore[arg-type]
        "experiments",
        experiment,
        "evaluate",
    )
    task = import_module(f"pedigree.evaluation.{parameters.task}.task")
    prepared, reports = Path("data/prepared", features), Path("reports", experiment)
    meta = read_meta(prepared)
    archive = model_file(Path("models", experiment))
    require_splits(
        parameters.splits, meta.rows, read_outputs(archive.parent).trained_on
    )
    splits = {split: open_split(prepared, split) for split in meta.rows}
    predictor = load_predictor(archive)
    outputs = {
        split: task.predict(predictor, splits[split].x) for split in parameters.splits
    }

    metrics = task.measure(outputs, splits, meta, parameters)
    history = read_history(reports / "history.csv")
    metrics["best_epoch"] = best_epoch(history)
    metrics["last_epoch"] = last_epoch(history)
    repeats = [_plain(metrics, parameters.splits)]
    for folder in sorted(archive.parent.glob(f"{REPEATS}/*")):
        repeats.append(_repeat(task, folder, splits, meta, parameters))
    confidence = parameters.bootstrap.confidence
    if len(repeats) > 1:
        metrics["repeats"] = summarize(repeats, confidence)
    folds = read_folds(archive.parent / FOLDS)
    if folds:
        metrics["cross_validation"] = summarize(folds, confidence)["folds"]
    content = json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False)
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "metrics.json").write_text(f"{content}\n", "utf-8")
    plots, tables = (_empty(reports / name) for name in ("plots", "tables"))
    reported = parameters.splits[-1]
    shown = (outputs[reported], splits[reported], meta)
    task.write_predictions(reports / "predictions.parquet", *shown)
    task.write_points(reports / f"{parameters.task}.csv", *shown)
    task.write_tables(tables, *shown)
    task.draw(plots, *shown, parameters)
    if folds:
        write_repeats(folds, tables / "folds.csv")
    if len(repeats) > 1:
        write_repeats(repeats, tables / "repeats.csv")
        draw_repeats(repeats, task.HEADLINE, plots / "repeats.png")
    draw_learning_curves(history, plots / "learning_curves.png")
    measured: dict[str, Arrays] = {split: splits[split] for split in parameters.splits}
    subject = Subject(archive, predictor, measured, meta, history)
    inspect(subject, parameters, plots, tables)

    log_outcome(run, "evaluate", experiment)
    log_test_figures(training_run(experiment), experiment)
    Console().print(*task.tables(metrics), sep="\n")


def require_splits(
    splits: Sequence[str], present: Collection[str], trained_on: Collection[str]
) -> None:
    """Refuse splits that are not there or are trained on, and a report on such.

    Raises:
        WrongUseError: If that is so.
    """
    if not set(splits) <= set(present):
        raise WrongUseError(
            f"evaluate.splits must name splits of the features, {', '.join(present)}. "
            f"Received: {', '.join(splits)}",
            "Correct `evaluate.splits`, or `features.*.split`, in params.yaml.",
        )
    if "validation" in splits and "validation" in trained_on:
        raise WrongUseError(
            "evaluate.splits must not name validation where train.refit trains on "
            f"it. Received: {', '.join(splits)}",
            "Take it out: train tells of those rows too.",
        )
    if "test" in present and splits[-1] != "test":
        raise WrongUseError(
            "evaluate.splits must end with test where there are test rows: the last "
            f"one is reported on. Received: {', '.join(splits)}",
            "Correct `evaluate.splits` in params.yaml.",
        )


def _repeat(
    task: ModuleType,
    folder: Path,
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: Evaluate,
) -> Figures:
    """Measure one of the models that were trained with other seeds."""
    predictor = load_predictor(model_file(folder))
    return {
        split: _numbers(task.figures(task.predict(predictor, arrays.x), arrays, meta))
        for split, arrays in splits.items()
        if split in parameters.splits
    }


def _plain(metrics: Mapping[str, Any], splits: Sequence[str]) -> Figures:
    return {split: _numbers(metrics[split]) for split in splits}


def _numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """Figures of a split without those of its classes and its number of rows."""
    return {k: v for k, v in figures.items() if isinstance(v, float)}


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    run_stage(main)
