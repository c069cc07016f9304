"""An encoder and a decoder of convolutions, which tell the class of every pixel."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside `architecture`, `seed` and `augmentation`.

    Attributes:
        filters: Filters of each pair of convolutions of the encoder, of which the first
            halves the image; the decoder has them in the opposite order, and the
            second of each of its pairs doubles the image.
    """

    filters: Annotated[tuple[Positive, ...], Field(min_length=1)]


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels).
        hyperparameters: The filters.
        head: How many classes there are, and what turns outputs into probabilities.

    Returns:
        The predictions, shape (batch, height, width, units of the head).

    Raises:
        ValueError: If the sides of the images cannot be halved that often.
    """
    from keras import layers

    halvings = len(hyperparameters.filters)
    sides = inputs.shape[1:3]
    if any(side % 2**halvings for side in sides):
        raise ValueError(
            f"sides of {sides[0]} x {sides[1]} pixels that cannot be halved "
            f"{halvings} times"
        )
    same = {"kernel_size": 3, "padding": "same"}
    outputs = inputs
    for number, filters in enumerate(hyperparameters.filters, start=1):
        for position, stride in ((1, 2), (2, 1)):
            outputs = layers.Conv2D(
                filters,
                strides=stride,
                activation="relu",
                name=f"encoder{number}_conv{position}",
                **same,
            )(outputs)
    for number, filters in enumerate(reversed(hyperparameters.filters), start=1):
        for position, stride in ((1, 1), (2, 2)):
            outputs = layers.Conv2DTranspose(
                filters,
                strides=stride,
                activation="relu",
                name=f"decoder{number}_conv{position}",
                **same,
            )(outputs)
    return layers.Conv2D(
        head.units,
        activation=head.activation,
        dtype="float32",  # whatever the precision of the others
        name="predictions",
        **same,
    )(outputs)
