"""What can be seen of a model beside its figures, where `evaluate` asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from pedigree.data.prepared import Arrays, Meta
from pedigree.evaluation.decision_boundary import draw_decision_boundary
from pedigree.evaluation.generated_text import write_generated_text
from pedigree.evaluation.images import draw_images
from pedigree.evaluation.learning_curves import History
from pedigree.evaluation.regression_line import draw_regression_line
from pedigree.evaluation.weights import write_weights
from pedigree.models.predictor import LIBRARIES, Predictor
from pedigree.models.probabilities import probabilities_of
from pedigree.params.evaluate import (
    ActivationMaps,
    Evaluate,
    EvaluateClassification,
    EvaluateLanguage,
    EvaluateRegression,
)


@dataclass(frozen=True)
class Subject:
    """What is inspected.

    Attributes:
        archive: The model's file.
        predictor: The model as a function.
        splits: The prepared arrays of the measured splits; the last one is reported on.
        meta: What they mean.
        history: What is known of each epoch.
    """

    archive: Path
    predictor: Predictor
    splits: Mapping[str, Arrays]
    meta: Meta
    history: History


def inspect(subject: Subject, parameters: Evaluate, plots: Path, tables: Path) -> None:
    """Write what the section `evaluate` asks to see of a model, which has to be there.

    Args:
        subject: The model and its data.
        parameters: The section `evaluate`.
        plots: Where pictures go.
        tables: Where tables go.
    """
    if getattr(parameters, "weights", None):
        library = import_module(library_of(subject.archive))
        weights = library.read_weights(subject.archive.parent)
        write_weights(weights, tables / "weights.csv")
    if isinstance(parameters, EvaluateClassification):
        if parameters.activation_maps:
            maps = parameters.activation_maps
            _draw_maps(subject, maps, plots / "activation_maps.png")
        if parameters.decision_boundary:
            _draw_boundary(subject, plots / "decision_boundary.png")
    if isinstance(parameters, EvaluateRegression) and parameters.regression_line:
        _draw_line(subject, plots / "regression_line.png")
    if isinstance(parameters, EvaluateLanguage) and parameters.generation:
        write_generated_text(
            subject.predictor,
            parameters.generation,
            subject.meta,
            tables / "generated.txt",
        )


def _draw_maps(subject: Subject, maps: ActivationMaps, path: Path) -> None:
    """Draw an image, then what each of the channels answers to it."""
    library = import_module(library_of(subject.archive))
    *_, reported = subject.splits.values()
    image = reported.x[maps.row : maps.row + 1]
    answers = library.activations(subject.archive.parent, maps.layer, image)[0]
    pictures = [image[0], *(answers[..., each, None] for each in maps.channels)]
    titles = ["image", *(f"channel {each}" for each in maps.channels)]
    draw_images(pictures, path, columns=5, titles=titles)


def _draw_boundary(subject: Subject, path: Path) -> None:
    """Draw where the classes of two inputs meet."""
    *_, reported = subject.splits.values()
    draw_decision_boundary(
        lambda grid: probabilities_of(subject.predictor(grid)),
        reported.x,
        reported.y,
        subject.meta.classes or (),
        subject.meta.feature_names,
        path,
    )


def _draw_line(subject: Subject, path: Path) -> None:
    """Draw the prediction by its one input."""
    draw_regression_line(
        lambda x: np.ravel(subject.predictor(x)),
        {split: (arrays.x, arrays.y) for split, arrays in subject.splits.items()},
        subject.history,
        (subject.meta.feature_names[0], subject.meta.target),
        path,
    )


def library_of(archive: Path) -> str:
    """The module that can read a model's file."""
    return f"pedigree.models.{LIBRARIES[archive.suffix]}.archive"
