"""A Keras training, from prepared arrays to a canonical archive and its history."""

import gc
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.models.architecture import load_architecture
from pedigree.models.build import build_model
from pedigree.models.head import head_for
from pedigree.models.keras.archive import MODEL_FILE, save_model
from pedigree.params.model import Model
from pedigree.params.train import KerasTrain
from pedigree.training.keras.checkpoint import CheckpointFile
from pedigree.training.keras.fit import Examples, compile_model, fit
from pedigree.training.keras.hardware import distribution, prepare_hardware
from pedigree.training.keras.numerics import fix_numerics
from pedigree.training.keras.targets import targets_of


def train(
    architecture: Model,
    parameters: KerasTrain,
    meta: Meta,
    splits: Mapping[str, Arrays],
    output: Path,
    key: str,
    on_epoch: Callable[[Mapping[str, float], int], None],
    pretrained: Path | None = None,
) -> list[dict[str, float]]:
    """Train a model and save it; its checkpoint stays until the run has ended.

    Args:
        architecture: The section `model`.
        parameters: The section `train`.
        meta: What the prepared arrays mean.
        splits: The arrays of `train`, and of `validation` where there are such rows.
        output: Where the archive goes, `models/<experiment>`.
        key: What identifies the training, for its checkpoints.
        on_epoch: Called with the figures of each epoch and its number from 1.
        pretrained: The file of pretrained weights, where the data brings any.

    Returns:
        One row of figures per epoch.

    Raises:
        WrongUseError: If the parameters do not fit each other or the data.
        RefusedError: If the loss is not a finite number.
    """
    # An earlier training of the protocol refers to itself: its memory is not free yet.
    gc.collect()
    model, history = fit_model(
        architecture,
        parameters,
        meta,
        splits,
        CheckpointFile(key),
        on_epoch,
        pretrained,
    )
    # A model built anew bears the weights alone: no optimizer, no used-up seeds.
    result = _build(architecture, parameters, meta)
    result.set_weights(model.get_weights())
    save_model(result, output / MODEL_FILE)
    return history


def fit_model(
    architecture: Model,
    parameters: KerasTrain,
    meta: Meta,
    splits: Mapping[str, Arrays],
    checkpoints: CheckpointFile,
    on_epoch: Callable[[Mapping[str, float], int], None],
    pretrained: Path | None = None,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Build a model and fit it, going on from its checkpoint if there is one.

    Args:
        architecture: The section `model`.
        parameters: The section `train`.
        meta: What the prepared arrays mean.
        splits: The arrays of `train`, and of `validation` where there are such rows.
        checkpoints: Where the checkpoint is kept; it stays there.
        on_epoch: Called with the figures of each epoch and its number from 1.
        pretrained: The file of pretrained weights, where the data brings any.

    Returns:
        The trained model, and one row of figures per epoch.

    Raises:
        WrongUseError: If the parameters do not fit each other or the data.
        RefusedError: If the loss is not a finite number.
    """
    prepare_hardware(parameters.xla)
    fix_numerics(parameters.precision)
    examples = {
        split: _examples(arrays, meta, parameters) for split, arrays in splits.items()
    }
    _require_sequences(parameters, meta)
    sequences = parameters.sequences
    carries = sequences is not None and sequences.partition == "sequential"
    # A state that is carried on is one of all rows of a batch, on one device.
    with nullcontext() if carries else distribution():
        model = _build(
            architecture,
            parameters,
            meta,
            sequences.steps if sequences else None,
            parameters.batch_size if carries else None,
        )
        _load_pretrained(model, architecture.architecture, pretrained)
        _require_fitting(model, examples["train"], parameters)
        compile_model(model, parameters)
    history = fit(
        model,
        examples["train"],
        examples.get("validation"),
        parameters,
        checkpoints,
        on_epoch,
    )
    return model, history


def _build(
    architecture: Model,
    parameters: KerasTrain,
    meta: Meta,
    steps: int | None = None,
    batch_size: int | None = None,
) -> keras.Model:
    """Build a model, of a text for sequences and batches of any length if need be."""
    head = head_for(
        parameters.loss,
        None if meta.classes is None else len(meta.classes),
        architecture.output_activation,
        parameters.target,
    )
    shape = (steps, *meta.input_shape) if parameters.sequences else meta.input_shape
    return build_model(architecture, shape, meta.divide_by, head, batch_size)


def _load_pretrained(model: keras.Model, name: str, path: Path | None) -> None:
    """Let an architecture that begins from pretrained weights take them."""
    architecture = load_architecture(name)
    if not hasattr(architecture, "load_pretrained"):
        return
    if path is None:
        raise WrongUseError(
            f"features must bring pretrained weights to model.architecture={name}. "
            "Received: none",
            "Name a dataset whose `table.weights` has them.",
        )
    architecture.load_pretrained(model, path)


def _examples(arrays: Arrays, meta: Meta, parameters: KerasTrain) -> Examples:
    return Examples(
        arrays.x,
        targets_of(arrays, meta, parameters),
        _weights(arrays, meta, parameters),
    )


def _weights(
    arrays: Arrays, meta: Meta, parameters: KerasTrain
) -> NDArray[np.float32] | None:
    """The weight of each row by the index of its class."""
    if parameters.class_weight is None:
        return None
    number = 0 if meta.classes is None else len(meta.classes)
    if len(parameters.class_weight) != number:
        raise WrongUseError(
            f"train.class_weight must hold one weight for each of {number} classes. "
            f"Received: {len(parameters.class_weight)}",
            "Correct it in params.yaml.",
        )
    weights: NDArray[np.float32] = np.asarray(parameters.class_weight, np.float32)
    return weights.take(arrays.y)


def _require_sequences(parameters: KerasTrain, meta: Meta) -> None:
    """Refuse what cannot be cut into sequences, or carry a state through them."""
    sequences = parameters.sequences
    if (sequences is not None) != (meta.kind == "tokens"):
        raise WrongUseError(
            "train.sequences must be given for a text, and for nothing else. Received: "
            f"features of the kind {meta.kind} "
            + ("with it" if sequences else "without it"),
            "Correct `train.sequences` or `features` of the experiment in params.yaml.",
        )
    backend = keras.backend.backend()
    if sequences and sequences.partition == "sequential" and backend != "tensorflow":
        raise WrongUseError(
            "train.sequences.partition=sequential must be trained with TensorFlow: "
            "elsewhere Keras carries no state from batch to batch. Received: "
            f"KERAS_BACKEND={backend}",
            "Unset KERAS_BACKEND, or set the partition to random in params.yaml.",
        )


def _require_fitting(
    model: keras.Model, examples: Examples, parameters: KerasTrain
) -> None:
    """Refuse a model whose output has another shape than the targets."""
    wanted = examples.y[slice(0, 1)].shape[1:]
    # Of a text, there is an output after each step.
    given = model.output_shape[2 if parameters.sequences else 1 :]
    # A class index, of a row or of a pixel, stands for as many outputs as there are
    # classes.
    if given != wanted and given[:-1] != wanted:
        raise WrongUseError(
            f"the model must give outputs of the shape of its targets, {wanted}. "
            f"Received: {given}",
            "Correct the section `model` in params.yaml.",
        )
