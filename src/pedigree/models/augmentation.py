"""Random layers in front of an architecture, active in training only."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pedigree.params.model import Augmentation

if TYPE_CHECKING:
    from keras import KerasTensor, Layer


def augment(
    inputs: "KerasTensor",
    augmentation: Sequence[Augmentation],
    *,
    as_block: bool = False,
) -> "KerasTensor":
    """Connect random layers one after the other.

    Each draws from a generator of its own, which Keras seeds from `random` and counts
    among the model's variables: a checkpoint holds its state.

    Args:
        inputs: Scaled examples, shape (batch, *input shape).
        augmentation: The layers and their arguments.
        as_block: Whether they are connected as one layer made of them.

    Returns:
        The examples, of the same shape; unchanged at inference.

    Raises:
        ValueError: If a layer does not fit the inputs.
    """
    for parameters in augmentation:
        if parameters.layer != "gaussian_noise" and len(inputs.shape) != 4:
            raise ValueError(f"{parameters.layer}, which takes images")
    layers = [random_layer(*each) for each in enumerate(augmentation, start=1)]
    if as_block and layers:
        import keras

        layers = [keras.Sequential(layers, name="augmentation")]
    outputs = inputs
    for layer in layers:
        # Keras's image layers augment unless they are told not to: said here, it holds
        # for `model(x)` too. `fit` says otherwise to all layers.
        outputs = layer(outputs, training=False)
    return outputs


def random_layer(number: int, parameters: Augmentation) -> "Layer":
    """Build one of the random layers.

    Args:
        number: Its place among them, from 1, for its name.
        parameters: Its arguments.
    """
    import keras

    from pedigree.models.keras.brightness import RandomBrightnessFactor

    layers = {
        "random_flip": keras.layers.RandomFlip,
        "random_rotation": keras.layers.RandomRotation,
        "random_zoom": keras.layers.RandomZoom,
        "random_translation": keras.layers.RandomTranslation,
        "random_contrast": keras.layers.RandomContrast,
        "random_brightness": keras.layers.RandomBrightness,
        "random_brightness_factor": RandomBrightnessFactor,
        "gaussian_noise": keras.layers.GaussianNoise,
    }
    name = f"augmentation{number}_{parameters.layer}"
    return layers[parameters.layer](
        **parameters.model_dump(exclude={"layer"}), name=name
    )
