"""Random layers in front of an architecture, active in training only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pedigree.params.model import Augmentation

if TYPE_CHECKING:
    from keras import KerasTensor


def augment(
    inputs: "KerasTensor", augmentation: Sequence[Augmentation]
) -> "KerasTensor":
    """Connect random layers one after the other.

    Each draws from a generator of its own, which Keras seeds from `random` and counts
    among the model's variables: a checkpoint holds its state.

    Args:
        inputs: Scaled examples, shape (batch, *input shape).
        augmentation: The layers and their arguments.

    Returns:
        The examples, of the same shape; unchanged at inference.

    Raises:
        ValueError: If a layer does not fit the inputs.
    """
    import keras

    layers = {
        "random_flip": keras.layers.RandomFlip,
        "random_rotation": keras.layers.RandomRotation,
        "random_zoom": keras.layers.RandomZoom,
        "random_translation": keras.layers.RandomTranslation,
        "random_contrast": keras.layers.RandomContrast,
        "random_brightness": keras.layers.RandomBrightness,
        "gaussian_noise": keras.layers.GaussianNoise,
    }
    outputs = inputs
    for number, parameters in enumerate(augmentation, start=1):
        name = f"augmentation{number}_{parameters.layer}"
        if parameters.layer != "gaussian_noise" and len(inputs.shape) != 4:
            raise ValueError(f"{parameters.layer}, which takes images")
        layer = layers[parameters.layer](
            **parameters.model_dump(exclude={"layer"}), name=name
        )
        # Keras's image layers augment unless they are told not to: said here, it holds
        # for `model(x)` too. `fit` says otherwise to all layers.
        outputs = layer(outputs, training=False)
    return outputs
