"""What can be seen inside a model: its weights, and what its layers answer."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.images import draw_images
from pedigree.evaluation.weights import write_weights
from pedigree.models.predictor import LIBRARIES, Predictor
from pedigree.params.evaluate import ActivationMaps, Evaluate


def inspect(
    archive: Path,
    predictor: Predictor,
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: Evaluate,
    plots: Path,
    tables: Path,
) -> None:
    """Write what the section `evaluate` asks to see of a model.

    Args:
        archive: The model's file.
        predictor: The model as a function.
        splits: Per split, the prepared arrays.
        meta: What they mean.
        parameters: The section `evaluate`.
        plots: Where pictures go.
        tables: Where tables go.

    Raises:
        WrongUseError: If the model has no such thing to see.
    """
    del predictor, meta
    library = import_module(f"pedigree.models.{LIBRARIES[archive.suffix]}.archive")
    if getattr(parameters, "weights", None):
        write_weights(library.read_weights(archive.parent), tables / "weights.csv")
    if maps := getattr(parameters, "activation_maps", None):
        reported = splits[parameters.splits[-1]]
        _draw_maps(library, archive, reported, maps, plots / "activation_maps.png")


def _draw_maps(
    library: Any, archive: Path, reported: Arrays, maps: ActivationMaps, path: Path
) -> None:
    """Draw the image, then what each of the channels answers to it."""
    if not hasattr(library, "activations"):
        raise WrongUseError(
            "evaluate.activation_maps must be of a Keras model. Received: "
            f"{archive.name}",
            "Take `activation_maps` out of params.yaml.",
        )
    image = reported.x[maps.row : maps.row + 1]
    answers = library.activations(archive.parent, maps.layer, image)[0]
    if max(maps.channels) >= answers.shape[-1]:
        raise WrongUseError(
            f"evaluate.activation_maps.channels must be below {answers.shape[-1]}, the "
            f"channels of {maps.layer}. Received: {max(maps.channels)}",
            "Correct it in params.yaml.",
        )
    pictures = [answers[..., channel, None] for channel in maps.channels]
    titles = [f"channel {channel}" for channel in maps.channels]
    draw_images(pictures, path, columns=4, titles=titles)
