"""register: an experiment's model as a new version in the model registry."""

import hashlib
import json
from pathlib import Path

from pedigree.params import Register, read_section
from pedigree.tracking.registry import register_version
from pedigree.tracking.runs import training_run
from pedigree.tracking.stage import StageRun, run_stage


def main(run: StageRun, experiment: str, features: str) -> None:
    """Register an experiment's model.

    Args:
        run: The run to log to.
        experiment: Key of the experiment in `params.yaml`.
        features: Key of the features it was trained on.
    """
    name = read_section(Register, "experiments", experiment, "register").model
    model = Path("models", experiment, "model.keras")
    reports, prepared = Path("reports", experiment), Path("data/prepared", features)
    metrics = json.loads((reports / "metrics.json").read_text("utf-8"))
    accuracy = metrics["test"]["accuracy"]

    version = register_version(
        training_run(experiment),
        name,
        model,
        prepared,
        f"{experiment} on {features}: test accuracy {accuracy:.4f}",
    )

    # What is registered, and not under which number: a store counts on its own.
    registration = {
        "experiment": experiment,
        "model": name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
    }
    content = json.dumps(registration, indent=2, sort_keys=True)
    (reports / "registration.json").write_text(f"{content}\n", "utf-8")
    run.set_tags({"pedigree.model_version": f"models:/{name}/{version.version}"})


if __name__ == "__main__":
    run_stage(main)
