"""train: an experiment's model, from prepared arrays to a canonical archive."""

import os
from pathlib import Path

# Before Keras is imported: TensorFlow's start-up notices are no news to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pedigree.data.prepared import Arrays, open_split, read_meta
from pedigree.models.build import build_model, check
from pedigree.params.file import read_section
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.tracking.stage import StageRun, run_stage


def main(run: StageRun, experiment: str, features: str) -> None:
    """Train an experiment on prepared features.

    Args:
        run: The run to log to.
        experiment: Key of the experiment in `params.yaml`.
        features: Key of the features it trains on.
    """
    architecture = read_section(Model, "experiments", experiment, "model")
    parameters = read_section(Train, "experiments", experiment, "train")
    check(architecture, ("experiments", experiment, "model"))
    folder = Path("data/prepared", features)
    meta = read_meta(folder)
    train, validation = open_split(folder, "train"), open_split(folder, "validation")

    # Keras takes seconds to import: only now that the parameters are known to be good.
    import keras

    from pedigree.models.archive import save_model
    from pedigree.training.checkpoint import CheckpointFile
    from pedigree.training.fit import Examples, compile_model, fit
    from pedigree.training.hardware import distribution, prepare_hardware
    from pedigree.training.history import write_history
    from pedigree.training.numerics import fix_numerics

    prepare_hardware(parameters.xla)
    fix_numerics(parameters.precision)

    def build() -> keras.Model:
        return build_model(
            architecture,
            meta.input_shape,
            len(meta.classes),
            meta.divide_by,
            parameters.loss,
        )

    def examples(arrays: Arrays) -> Examples:
        return Examples(arrays.x, arrays.y)

    with distribution():
        model = build()
        compile_model(model, parameters)
    checkpoints = CheckpointFile(run.key)
    history = fit(
        model,
        examples(train),
        examples(validation),
        len(meta.classes),
        parameters,
        checkpoints,
        run.log_metrics,
    )
    # A model built anew bears the weights alone: no optimizer, no used-up seeds.
    result = build()
    result.set_weights(model.get_weights())
    save_model(result, Path("models", experiment, "model.keras"))
    write_history(Path("reports", experiment, "history.csv"), history)
    checkpoints.remove()


if __name__ == "__main__":
    run_stage(main)
