"""One training, from arrays to the history and the trained weights."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.train import Train
from pedigree.training.batches import Targets, TrainingBatches, ValidationBatches
from pedigree.training.callbacks import EpochListener, Recorder, build_callbacks
from pedigree.training.checkpoint import CheckpointFile
from pedigree.training.optimizers import build_optimizer


@dataclass(frozen=True)
class Examples:
    """Examples and their classes.

    Attributes:
        x: Prepared examples, shape (rows, *input shape).
        classes: Class indices, shape (rows,).
    """

    x: NDArray[np.generic]
    classes: NDArray[np.int64]


def compile_model(model: keras.Model, parameters: Train) -> None:
    """Compile a model as the section `train` says, its optimizer's state included.

    Raises:
        WrongUseError: If XLA is asked for and cannot compile a layer.
    """
    if parameters.xla:
        _require_compilable(model)
    model.compile(
        optimizer=build_optimizer(parameters.optimizer),
        loss=parameters.loss,
        metrics=["accuracy"],
        jit_compile=parameters.xla,
    )
    # Here and not at the first step: a checkpoint is assigned to what is built.
    model.optimizer.build(model.trainable_variables)


def fit(
    model: keras.Model,
    train: Examples,
    validation: Examples,
    number_of_classes: int,
    parameters: Train,
    checkpoints: CheckpointFile,
    on_epoch: EpochListener,
) -> list[dict[str, float]]:
    """Train a compiled model, going on from its checkpoint if there is one.

    Args:
        model: A compiled model; holds the trained weights afterwards.
        train: The training examples.
        validation: The validation examples.
        number_of_classes: Number of classes.
        parameters: The section `train`.
        checkpoints: Where the checkpoint is kept.
        on_epoch: Called with the figures of each epoch and its number from 1.

    Returns:
        One row of figures per epoch: epoch, loss, accuracy, val_loss, val_accuracy,
        learning_rate.

    Raises:
        RefusedError: If the loss is not a finite number.
    """
    checkpoint = checkpoints.load()
    if checkpoint:
        checkpoint.restore_model(model)
    callbacks = build_callbacks(parameters)
    recorder = Recorder(checkpoints, checkpoint, callbacks, on_epoch)
    done = recorder.progress
    batches = TrainingBatches(
        train.x,
        Targets(train.classes, parameters.loss, number_of_classes),
        parameters.batch_size,
        parameters.seed,
        first_epoch=done.epochs,
        class_weight=parameters.class_weight,
    )
    targets = Targets(validation.classes, parameters.loss, number_of_classes)
    model.fit(
        batches,
        validation_data=ValidationBatches(validation.x, targets),
        steps_per_epoch=batches.steps_per_epoch,
        initial_epoch=parameters.epochs if done.stopped else done.epochs,
        epochs=parameters.epochs,
        callbacks=[*callbacks, recorder],
        shuffle=False,  # the batches are shuffled already
        # A bar per epoch on a terminal, a line per epoch elsewhere.
        verbose=1 if sys.stdout.isatty() else 2,
    )
    _require_finite(recorder.progress.history[-1])
    return recorder.progress.history


def _require_compilable(model: keras.Model) -> None:
    """Refuse what Keras would train without XLA, and with a warning alone."""
    for layer in model.layers:
        if not layer.supports_jit:
            raise WrongUseError(
                "train.xla must be false where XLA cannot compile a layer. Received: "
                f"train.xla=true with the layer {layer.name}",
                "Set it to false, or take the layer out.",
            )


def _require_finite(figures: Mapping[str, float]) -> None:
    if not np.isfinite(figures["loss"]):
        raise RefusedError(
            f"the loss must be finite. Received: loss={figures['loss']} after epoch "
            f"{figures['epoch']:.0f}",
            "Lower the learning rate, or look at the data's ranges.",
        )
