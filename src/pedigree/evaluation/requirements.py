"""What the section `evaluate` asks for, held against the model and its data."""

from collections.abc import Collection
from importlib import import_module

from pedigree.data.prepared import Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.inspection import Subject, library_of
from pedigree.params.evaluate import (
    ActivationMaps,
    Evaluate,
    EvaluateClassification,
    EvaluateRegression,
    Samples,
)


def require_possible(
    parameters: Evaluate, subject: Subject, present: Collection[str]
) -> None:
    """Refuse what cannot be seen of a model, before anything is predicted.

    Args:
        parameters: The section `evaluate`.
        subject: The model and its data.
        present: The splits of the features, measured or not.

    Raises:
        WrongUseError: If the model or its data have no such thing.
    """
    if samples := getattr(parameters, "samples", None):
        _require_images(samples, subject)
    if isinstance(parameters, EvaluateClassification):
        if parameters.yardstick and len(present) == 1:
            raise WrongUseError(
                "evaluate.yardstick must have another split to train on than the one "
                f"that is reported on. Received: {', '.join(present)} alone",
                "Take `yardstick` out of params.yaml, or set rows apart.",
            )
        if parameters.activation_maps:
            _require_maps(parameters.activation_maps, subject)
        if parameters.decision_boundary:
            _require_inputs(subject.meta, 2, "decision_boundary")
    if isinstance(parameters, EvaluateRegression) and parameters.regression_line:
        _require_inputs(subject.meta, 1, "regression_line")


def _require_images(samples: Samples, subject: Subject) -> None:
    shape = subject.meta.input_shape
    if len(shape) != 3 or shape[-1] not in (1, 3):
        raise WrongUseError(
            "evaluate.samples must be of images in one or three channels. Received: "
            f"examples of shape {shape}",
            "Take `samples` out of params.yaml.",
        )
    *_, reported = subject.splits.values()
    _require_row(max(samples.rows or (0,)), len(reported.rows), "samples.rows")


def _require_maps(maps: ActivationMaps, subject: Subject) -> None:
    library = import_module(library_of(subject.archive))
    if not hasattr(library, "activations"):
        raise WrongUseError(
            "evaluate.activation_maps must be of a Keras model. Received: "
            f"{subject.archive.name}",
            "Take `activation_maps` out of params.yaml.",
        )
    *_, reported = subject.splits.values()
    _require_row(maps.row, len(reported.x), "activation_maps.row")
    image = reported.x[maps.row : maps.row + 1]
    answers = library.activations(subject.archive.parent, maps.layer, image)
    if max(maps.channels) >= answers.shape[-1]:
        raise WrongUseError(
            f"evaluate.activation_maps.channels must be below {answers.shape[-1]}, the "
            f"channels of {maps.layer}. Received: {max(maps.channels)}",
            "Correct it in params.yaml.",
        )


def _require_row(row: int, rows: int, name: str) -> None:
    if row >= rows:
        raise WrongUseError(
            f"evaluate.{name} must be below {rows}, the rows of the split that is "
            f"reported on. Received: {row}",
            "Correct it in params.yaml.",
        )


def _require_inputs(meta: Meta, number: int, name: str) -> None:
    if meta.input_shape != (number,):
        raise WrongUseError(
            f"evaluate.{name} must be of a model with inputs of shape {(number,)}. "
            f"Received: {meta.input_shape}",
            f"Take `{name}` out of params.yaml.",
        )
