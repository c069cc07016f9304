"""train: an experiment's model, from prepared arrays to a canonical archive."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

# Before Keras is imported: TensorFlow's start-up notices are no news to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pedigree.data.prepared import Meta, open_split, read_meta
from pedigree.models.architecture import check
from pedigree.models.predictor import OutputKind, write_output_kind
from pedigree.params.file import read_section
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.tracking.stage import StageRun, run_stage
from pedigree.training.history import write_history
from pedigree.training.repeats import folder_of, reseed


def main(run: StageRun, experiment: str, features: str) -> None:
    """Train an experiment on prepared features.

    Args:
        run: The run to log to.
        experiment: Key of the experiment in `params.yaml`.
        features: Key of the features it trains on.
    """
    architecture = read_section(Model, "experiments", experiment, "model")
    parameters: Train = read_section(Train, "experiments", experiment, "train")  # type: ignore[arg-type]
    where = ("experiments", experiment, "model")
    check(architecture, parameters.library, where)
    # Keras takes seconds to import: only now that the parameters are known to be good.
    library = import_module(f"pedigree.training.{parameters.library}.train")
    prepared, output = Path("data/prepared", features), Path("models", experiment)
    reports = Path("reports", experiment)
    output.mkdir(parents=True, exist_ok=True)
    meta = read_meta(prepared)
    splits = {
        split: open_split(prepared, split)
        for split in ("train", "validation")
        if split in meta.rows
    }
    for number in range(parameters.repeats or 1):
        folder = folder_of(output, number)
        history = library.train(
            reseed(architecture, number),
            reseed(parameters, number),
            meta,
            splits,
            folder,
            f"{run.key}-{number}",
            # The run tells of the experiment's own model.
            run.log_metrics if number == 0 else _log_nothing,
        )
        told = reports if number == 0 else folder
        write_history(told / "history.csv", history)
    write_output_kind(_output_kind(parameters, meta), output)


def _log_nothing(figures: Mapping[str, float], epoch: int) -> None:
    """Take the figures of an epoch, and leave it at that."""


def _output_kind(parameters: Train, meta: Meta) -> OutputKind:
    if getattr(parameters, "target", None) == "input":
        return "input"
    if meta.kind == "tokens":
        return "tokens"
    return "number" if meta.classes is None else "classes"


if __name__ == "__main__":
    run_stage(main)
