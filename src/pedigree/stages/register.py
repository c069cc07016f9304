"""register: an experiment's model as a new version in the model registry."""

import hashlib
import json
from pathlib import Path

from pedigree.models.predictor import model_file
from pedigree.params.experiments import Register
from pedigree.params.file import read_section
from pedigree.tracking.registry import register_experiment
from pedigree.tracking.stage import StageRun, run_stage
from pedigree.tracking.sync import sync_ancestors


def main(run: StageRun, experiment: str, features: str) -> None:
    """Register an experiment's model.

    Args:
        run: The run to log to.
        experiment: Key of the experiment in `params.yaml`.
        features: Key of the features it was trained on.
    """
    name = read_section(Register, "experiments", experiment, "register").model
    prepared = Path("data/prepared", features)
    # No model without lineage: what came from a cache gets its runs first.
    sync_ancestors(run.name)
    register_experiment(run, name, experiment, prepared)

    model = model_file(Path("models", experiment))
    # What is registered, and not under which number: a store counts on its own.
    registration = {
        "experiment": experiment,
        "model": name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
    }
    content = json.dumps(registration, indent=2, sort_keys=True)
    path = Path("reports", experiment, "registration.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{content}\n", "utf-8")


if __name__ == "__main__":
    run_stage(main)
