"""One training, from arrays to the history and the trained weights."""

import sys
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.errors import WrongUseError
from pedigree.params.train import KerasTrain
from pedigree.training.keras.augmentation import batch_augmentation
from pedigree.training.keras.batches import TrainingBatches, ValidationBatches
from pedigree.training.keras.callbacks import EpochListener, Recorder, build_callbacks
from pedigree.training.keras.checkpoint import CheckpointFile
from pedigree.training.keras.gathering import gathered
from pedigree.training.keras.losses import loss_named
from pedigree.training.keras.metrics import metrics_of
from pedigree.training.keras.optimizers import build_optimizer
from pedigree.training.keras.sequences import (
    StateReset,
    TrainingSequences,
    ValidationSequences,
)
from pedigree.training.keras.speed import Speedometer
from pedigree.training.keras.targets import Targets


@dataclass(frozen=True)
class Examples:
    """Examples and what is to be predicted for them.

    Attributes:
        x: Prepared examples, shape (rows, *input shape).
        y: Targets by rows.
        weights: The weight of each row, shape (rows,); None for equal weights.
    """

    x: NDArray[Any]
    y: Targets
    weights: NDArray[np.float32] | None = None


def compile_model(model: keras.Model, parameters: KerasTrain) -> None:
    """Compile a model as the section `train` says, its optimizer's state included.

    Raises:
        WrongUseError: If XLA is asked for and cannot compile a layer.
    """
    if parameters.xla:
        _require_compilable(model)
    model.compile(
        optimizer=build_optimizer(parameters.optimizer),
        loss=loss_named(parameters.loss),
        metrics=metrics_of(parameters),
        jit_compile=parameters.xla,
    )
    # Here and not at the first step: a checkpoint is assigned to what is built.
    model.optimizer.build(model.trainable_variables)


def fit(
    model: keras.Model,
    train: Examples,
    validation: Examples | None,
    parameters: KerasTrain,
    checkpoints: CheckpointFile,
    on_epoch: EpochListener,
) -> list[dict[str, float]]:
    """Train a compiled model, going on from its checkpoint if there is one.

    Args:
        model: A compiled model; holds the trained weights afterwards.
        train: The training examples.
        validation: The validation examples, if there are any.
        parameters: The section `train`.
        checkpoints: Where the checkpoint is kept.
        on_epoch: Called with the figures of each epoch and its number from 1.

    Returns:
        One row of figures per epoch: epoch, loss, accuracy or mean_absolute_error,
        of a text perplexity, what `train.metrics` asks for, the same of validation
        after `val_`, learning_rate.

    Raises:
        WrongUseError: If a callback watches validation and there is none.
        RefusedError: If the loss is not a finite number.
    """
    _require_monitored(parameters, validation)
    checkpoint = checkpoints.load()
    if checkpoint:
        checkpoint.restore_model(model)
    callbacks = build_callbacks(parameters)
    recorder = Recorder(checkpoints, checkpoint, callbacks, on_epoch)
    done = recorder.progress
    batches = _training_batches(train, parameters, done.epochs)
    if isinstance(batches, TrainingSequences):
        speedometer = Speedometer(batches.tokens_per_epoch, on_epoch)
        callbacks = [StateReset(), speedometer, *callbacks]
    model.fit(
        gathered(batches) if isinstance(batches, TrainingBatches) else batches,
        validation_data=validation and _validation_batches(validation, parameters),
        steps_per_epoch=batches.steps_per_epoch,
        initial_epoch=parameters.epochs if done.stopped else done.epochs,
        epochs=parameters.epochs,
        callbacks=[*callbacks, recorder],
        shuffle=False,  # the batches are shuffled already
        # A bar per epoch on a terminal, a line per epoch elsewhere.
        verbose=1 if sys.stdout.isatty() else 2,
    )
    return recorder.progress.history


def _training_batches(
    train: Examples, parameters: KerasTrain, first_epoch: int
) -> TrainingBatches | TrainingSequences:
    if parameters.sequences:
        return TrainingSequences(
            train.x,
            train.y,
            parameters.sequences,
            parameters.batch_size,
            parameters.seed,
            first_epoch,
        )
    return TrainingBatches(
        train.x,
        train.y,
        parameters.batch_size,
        parameters.seed,
        first_epoch=first_epoch,
        weights=train.weights,
        augment=batch_augmentation(parameters),
    )


def _validation_batches(
    validation: Examples, parameters: KerasTrain
) -> ValidationBatches | ValidationSequences:
    x, y = validation.x, validation.y
    if parameters.sequences:
        steps = parameters.sequences.steps
        return ValidationSequences(x, y, steps, parameters.batch_size)
    return ValidationBatches(x, y)


def _require_monitored(parameters: KerasTrain, validation: Examples | None) -> None:
    """Refuse to watch what these rows do not measure: Keras would only warn."""
    known = parameters.figures(validation is not None)
    for name in ("early_stopping", "reduce_learning_rate"):
        section = getattr(parameters, name)
        if section and section.monitor not in known:
            raise WrongUseError(
                f"train.{name}.monitor must be one of {', '.join(sorted(known))}. "
                f"Received: {section.monitor}",
                "Correct it, or let `features.*.split` keep validation rows.",
            )


def _require_compilable(model: keras.Model) -> None:
    """Refuse what Keras would train without XLA, and with a warning alone."""
    for layer in model.layers:
        if not layer.supports_jit:
            raise WrongUseError(
                "train.xla must be false where XLA cannot compile a layer. Received: "
                f"train.xla=true with the layer {layer.name}",
                "Set it to false, or take the layer out.",
            )
