"""AlexNet, for one graphics card: no groups and no normalisation.

Krizhevsky et al., "ImageNet classification with deep convolutional neural networks"
(2012), in the form of many tutorials.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pedigree.models.head import Head
from pedigree.params.values import Positive, Rate
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        filters: Filters of each convolution. The first one has a kernel of 11 x 11 and
            moves by 4 pixels, the second one has 5 x 5, the others 3 x 3. A pool of
            3 x 3 with stride 2 follows the first, the second and the last one.
        dense: Units of the dense layers before the output.
        dropout: Rate after each dense layer.
    """

    filters: Annotated[tuple[Positive, ...], Field(min_length=3)]
    dense: tuple[Positive, ...]
    dropout: Rate | None = None


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels); 224 x 224 as published.
        hyperparameters: The filters, dense layers and dropout rate.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    # "same" would pad a convolution that moves by 4 unevenly.
    outputs = layers.ZeroPadding2D(1, name="conv1_padding")(inputs)
    last = len(hyperparameters.filters)
    for number, filters in enumerate(hyperparameters.filters, start=1):
        outputs = layers.Conv2D(
            filters,
            {1: 11, 2: 5}.get(number, 3),
            strides=4 if number == 1 else 1,
            padding="valid" if number == 1 else "same",
            activation="relu",
            name=f"conv{number}",
        )(outputs)
        if number in (1, 2, last):
            outputs = layers.MaxPooling2D(3, 2, name=f"pool{number}")(outputs)
    outputs = layers.Flatten(name="flatten")(outputs)
    for number, units in enumerate(hyperparameters.dense, start=1):
        outputs = layers.Dense(units, activation="relu", name=f"fc{number}")(outputs)
        if hyperparameters.dropout:
            outputs = layers.Dropout(
                hyperparameters.dropout, name=f"fc{number}_dropout"
            )(outputs)
    return head.connect(outputs)
