"""A training in NumPy, from prepared arrays to an archive and its history."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pedigree.data.prepared import Arrays, Meta
from pedigree.models.architecture import check, load_architecture
from pedigree.models.numpy.archive import MODEL_FILE, save_model
from pedigree.params.model import Model
from pedigree.params.train import NumpyTrain
from pedigree.training.numpy.fit import Examples, fit


def train(
    architecture: Model,
    parameters: NumpyTrain,
    meta: Meta,
    splits: Mapping[str, Arrays],
    output: Path,
    key: str,
    on_epoch: Callable[[Mapping[str, float], int], None],
) -> list[dict[str, float]]:
    """Train a model and save it.

    Args:
        architecture: The section `model`.
        parameters: The section `train`.
        meta: What the prepared arrays mean.
        splits: The arrays of `train`, and of `validation` where there are such rows.
        output: Where the archive goes, `models/<experiment>`.
        key: Not used: a training takes seconds, and begins anew if it is killed.
        on_epoch: Called with the figures of each epoch and its number from 0.

    Returns:
        One row of figures per epoch; row 0 is of the initial weights.

    Raises:
        WrongUseError: If the parameters do not fit each other or the data.
        RefusedError: If the loss is not a finite number.
    """
    del key
    hyperparameters = check(architecture, "numpy")
    classes = None if meta.classes is None else len(meta.classes)
    build = load_architecture(architecture.architecture).build_estimator
    estimator = build(hyperparameters, parameters, architecture.seed, classes)
    examples = {name: Examples(each.x, each.y) for name, each in splits.items()}
    validation = examples.get("validation")
    history = fit(estimator, examples["train"], validation, on_epoch)
    save_model(estimator, output / MODEL_FILE)
    return history
