"""train: an experiment's model, from prepared arrays to a canonical archive."""

import os
from functools import partial
from importlib import import_module
from pathlib import Path

# Before Keras is imported: TensorFlow's start-up notices are no news to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pedigree.data.prepared import Arrays, Meta, open_split, read_meta
from pedigree.data.weights import find_weights
from pedigree.models.architecture import check
from pedigree.models.predictor import OutputKind, Outputs, write_outputs
from pedigree.params.file import read_section
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.tracking.stage import StageRun, run_stage
from pedigree.training.checkpoints import checkpoints_kept
from pedigree.training.history import HISTORY_FILE, write_history
from pedigree.training.protocol import train_by_protocol
from pedigree.training.training import Training


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
    output.mkdir(parents=True, exist_ok=True)
    meta = read_meta(prepared)
    splits = {
        split: open_split(prepared, split)
        for split in ("train", "validation")
        if split in meta.rows
    }
    train = library.train
    if weights := find_weights(prepared):
        train = partial(train, pretrained=weights)
    training = Training(train, architecture, parameters, meta, run.key, run.log_metrics)
    with checkpoints_kept(run.key):
        outcome = train_by_protocol(training, splits, output)
        kind = _output_kind(parameters, meta, splits["train"])
        write_outputs(Outputs(kind, outcome.trained_on), output)
        write_history(Path("reports", experiment, HISTORY_FILE), outcome.history)


def _output_kind(parameters: Train, meta: Meta, train: Arrays) -> OutputKind:
    if getattr(parameters, "target", None) == "input":
        return "input"
    if meta.kind == "tokens":
        return "tokens"
    if meta.classes is None:
        return "number"
    return "classes" if train.y.ndim == 1 else "masks"


if __name__ == "__main__":
    run_stage(main)
