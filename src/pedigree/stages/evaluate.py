"""evaluate: an experiment's model, measured on the prepared splits."""

import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any

from rich.console import Console

# Before Keras is imported: TensorFlow's start-up notices are no news to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pedigree.data.prepared import Arrays, open_split, read_meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.augmented import draw_augmented
from pedigree.evaluation.inspection import Subject, inspect
from pedigree.evaluation.learning_curves import (
    best_epoch,
    draw_learning_curves,
    last_epoch,
    read_history,
)
from pedigree.evaluation.repeats import (
    measure_repeats,
    read_folds,
    report_repeats,
    summaries,
)
from pedigree.evaluation.requirements import require_possible
from pedigree.models.parts import FOLDS
from pedigree.models.predictor import load_predictor, model_file, read_outputs
from pedigree.params.evaluate import Evaluate
from pedigree.params.file import read_section
from pedigree.sections import leaves
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
    measured: dict[str, Arrays] = {split: splits[split] for split in parameters.splits}
    predictor = load_predictor(archive)
    history = read_history(reports / "history.csv")
    subject = Subject(archive, predictor, measured, meta, history)
    require_possible(parameters, subject, splits)

    outputs = {s: task.predict(predictor, arrays.x) for s, arrays in measured.items()}
    metrics = task.measure(outputs, splits, meta, parameters)
    metrics["best_epoch"] = best_epoch(history)
    metrics["last_epoch"] = last_epoch(history)
    repeats = measure_repeats(task, archive.parent, measured, meta, metrics)
    folds = read_folds(archive.parent / FOLDS)
    metrics |= summaries(repeats, folds, parameters.bootstrap.confidence)

    _write_metrics(metrics, reports / "metrics.json")
    plots, tables = (_empty(reports / name) for name in ("plots", "tables"))
    reported = parameters.splits[-1]
    shown = (outputs[reported], splits[reported], meta)
    task.write_predictions(reports / "predictions.parquet", *shown)
    task.write_points(reports / f"{parameters.task}.csv", *shown)
    task.write_tables(tables, *shown)
    task.draw(plots, *shown, parameters)
    report_repeats(repeats, folds, task.HEADLINE, plots, tables)
    draw_learning_curves(history, plots / "learning_curves.png")
    image, seed = splits["train"].x[0], parameters.bootstrap.seed
    draw_augmented(archive, image, meta.divide_by, seed, plots / "augmented.png")
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


def _write_metrics(metrics: Mapping[str, Any], path: Path) -> None:
    """Write `metrics.json`.

    Raises:
        RefusedError: If a figure is no finite number, which JSON does not know.
    """
    for place, value in leaves(metrics):
        if isinstance(value, float) and not isfinite(value):
            raise RefusedError(
                "the figures of a model must be finite numbers. Received: "
                f"{'.'.join(map(str, place))}={value}",
                "The training diverged: a lower `train.optimizer.learning_rate` may "
                "help.",
            )
    content = json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{content}\n", "utf-8")


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    run_stage(main)
