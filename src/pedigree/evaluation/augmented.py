"""A training image as the random layers of a model change it."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.images import draw_images

if TYPE_CHECKING:
    import keras

TIMES = 8


def draw_augmented(
    archive: Path, image: NDArray[Any], divide_by: float | None, seed: int, path: Path
) -> None:
    """Draw an image as it is, and as it may look in training.

    Nothing is drawn where the model has no random layers in front, or takes no images.

    Args:
        archive: The model's file.
        image: Shape (height, width, channels).
        divide_by: What the model divides pixels by.
        seed: What the changes are drawn with.
        path: The PNG to write.
    """
    if archive.suffix != ".keras" or image.ndim != 3 or not _has_layers(archive):
        return
    library = import_module("pedigree.models.keras.archive")
    images = augment_image(library.load_model(archive), image, seed)
    titles = ["as it is", *["augmented"] * TIMES]
    draw_images(images, path, 3, titles, limits=(0.0, 255 / (divide_by or 1)))


def augment_image(
    model: "keras.Model", image: NDArray[Any], seed: int
) -> NDArray[np.float32]:
    """Let the random layers of a model change an image.

    Args:
        model: A model with random layers in front.
        image: Shape (height, width, channels).
        seed: What the changes are drawn with.

    Returns:
        The image as the model scales it, then changed, shape (1 + times, height, width,
        channels).
    """
    import keras

    names = [layer.name.startswith("augmentation") for layer in model.layers]
    first, last = names.index(True), len(names) - names[::-1].index(True)
    scaled = keras.ops.convert_to_tensor(np.repeat(image[None], TIMES, axis=0))
    for layer in model.layers[1:first]:
        scaled = layer(scaled)
    changed = scaled
    _seed(model.layers[first:last], seed)
    for layer in model.layers[first:last]:
        changed = layer(changed, training=True)
    both = keras.ops.concatenate([scaled[:1], changed])
    return np.asarray(keras.ops.convert_to_numpy(both), np.float32)


def _has_layers(archive: Path) -> bool:
    """Look for them without loading the model, which takes time."""
    with ZipFile(archive) as opened:
        return b'"name": "augmentation' in opened.read("config.json")


def _seed(layers: "list[keras.Layer]", seed: int) -> None:
    """Set the generators of layers: where trainings have left them is no matter."""
    import keras

    states = [
        variable
        for layer in layers
        for variable in layer.variables
        if variable.path.endswith("seed_generator_state")
    ]
    drawn = np.random.SeedSequence(seed).generate_state(len(states))
    for state, value in zip(states, drawn.tolist(), strict=True):
        state.assign(keras.ops.cast([value, 0], state.dtype))
