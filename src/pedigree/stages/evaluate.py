"""evaluate: an experiment's model, measured on the prepared splits."""

import json
import os
from importlib import import_module
from pathlib import Path

from rich.console import Console

# Before Keras is imported: TensorFlow's start-up notices are no news to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pedigree.data.prepared import open_split, read_meta
from pedigree.evaluation.plots import draw_learning_curves, read_history
from pedigree.models.archive import load_model
from pedigree.params.evaluate import EvaluateClassification
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
    parameters = read_section(
        EvaluateClassification, "experiments", experiment, "evaluate"
    )
    task = import_module(f"pedigree.evaluation.{parameters.task}")
    prepared, reports = Path("data/prepared", features), Path("reports", experiment)
    meta = read_meta(prepared)
    splits = {split: open_split(prepared, split) for split in meta.rows}
    model = load_model(Path("models", experiment, "model.keras"))
    outputs = {
        split: task.predict(model, splits[split].x) for split in parameters.splits
    }

    metrics = task.measure(outputs, splits, meta, parameters)
    plots = reports / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    content = json.dumps(metrics, indent=2, sort_keys=True, allow_nan=False)
    (reports / "metrics.json").write_text(f"{content}\n", "utf-8")
    predictions = reports / "predictions.parquet"
    task.write_predictions(predictions, outputs["test"], splits["test"], meta)
    task.write_plots(plots, outputs["test"], splits["test"], meta)
    draw_learning_curves(
        read_history(reports / "history.csv"), plots / "learning_curves.png"
    )

    log_outcome(run, "evaluate", experiment)
    log_test_figures(training_run(experiment), experiment)
    Console().print(*task.tables(metrics), sep="\n")


if __name__ == "__main__":
    run_stage(main)
