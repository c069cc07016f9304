"""VGG: blocks of equal convolutions of 3 x 3, each followed by a pool.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
recognition" (2014).
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from pedigree.models.head import Head
from pedigree.params.values import Positive, Rate
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        blocks: For each block the filters and the number of its convolutions.
        width_divisor: What the filters of all blocks are divided by; 1 is the published
            width. The dense layers keep theirs.
        dense: Units of the dense layers before the output.
        dropout: Rate after each dense layer.
    """

    blocks: Annotated[tuple[tuple[Positive, Positive], ...], Field(min_length=1)]
    width_divisor: Positive
    dense: tuple[Positive, ...]
    dropout: Rate | None = None

    @model_validator(mode="after")
    def _whole_filters(self) -> "Hyperparameters":
        if any(filters % self.width_divisor for filters, _ in self.blocks):
            raise ValueError("width_divisor must divide the filters of every block")
        return self


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels); 224 x 224 as published.
        hyperparameters: The blocks, their width, the dense layers and dropout rate.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    outputs = inputs
    for number, (filters, convolutions) in enumerate(hyperparameters.blocks, start=1):
        for position in range(1, convolutions + 1):
            outputs = layers.Conv2D(
                filters // hyperparameters.width_divisor,
                3,
                padding="same",
                activation="relu",
                name=f"block{number}_conv{position}",
            )(outputs)
        outputs = layers.MaxPooling2D(2, name=f"block{number}_pool")(outputs)
    outputs = layers.Flatten(name="flatten")(outputs)
    for number, units in enumerate(hyperparameters.dense, start=1):
        outputs = layers.Dense(units, activation="relu", name=f"fc{number}")(outputs)
        if hyperparameters.dropout:
            outputs = layers.Dropout(
                hyperparameters.dropout, name=f"fc{number}_dropout"
            )(outputs)
    return head.connect(outputs)
