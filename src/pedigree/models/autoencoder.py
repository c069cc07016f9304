"""A convolutional autoencoder: halves an image some times, then draws it again."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        filters: Filters of each convolution of the encoder, which a pool of 2 x 2
            follows; the decoder has them in the opposite order.
        kernel: Side of the convolutions' kernel, in pixels.
    """

    filters: Annotated[tuple[Positive, ...], Field(min_length=1)]
    kernel: Positive


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, _head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels).
        hyperparameters: The filters and the kernel.
        _head: Not used: the output is an image.

    Returns:
        The images again, of the shape of the inputs. `encoded_layer` is the name of the
        layer in the middle.

    Raises:
        ValueError: If the sides of the images cannot be halved that often.
    """
    _check_sides(inputs.shape[1:3], len(hyperparameters.filters))
    encoded = _encode(inputs, hyperparameters)
    return _decode(encoded, hyperparameters, channels=inputs.shape[3])


def _check_sides(sides: tuple[int, int], halvings: int) -> None:
    if any(side % 2**halvings for side in sides):
        raise ValueError(
            f"sides of {sides[0]} x {sides[1]} pixels that cannot be halved "
            f"{halvings} times"
        )


def _encode(inputs: "KerasTensor", hyperparameters: Hyperparameters) -> "KerasTensor":
    from keras import layers

    outputs = inputs
    last = len(hyperparameters.filters)
    for number, filters in enumerate(hyperparameters.filters, start=1):
        outputs = layers.Conv2D(
            filters,
            hyperparameters.kernel,
            padding="same",
            activation="relu",
            name=f"encoder_conv{number}",
        )(outputs)
        name = "encoded_layer" if number == last else f"encoder_pool{number}"
        outputs = layers.MaxPooling2D(2, padding="same", name=name)(outputs)
    return outputs


def _decode(
    encoded: "KerasTensor", hyperparameters: Hyperparameters, channels: int
) -> "KerasTensor":
    from keras import layers

    outputs = encoded
    for number, filters in enumerate(reversed(hyperparameters.filters), start=1):
        outputs = layers.Conv2D(
            filters,
            hyperparameters.kernel,
            padding="same",
            activation="relu",
            name=f"decoder_conv{number}",
        )(outputs)
        outputs = layers.UpSampling2D(2, name=f"decoder_upsampling{number}")(outputs)
    return layers.Conv2D(
        channels,
        hyperparameters.kernel,
        padding="same",
        dtype="float32",  # whatever the precision of the others
        name="reconstruction",
    )(outputs)
