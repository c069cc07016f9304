"""A regular convolutional net: blocks of convolutions and a pool, then dense layers."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor

Rate = Annotated[float, Field(ge=0, lt=1)]


class Dropout(Section):
    """Dropout rates.

    Attributes:
        blocks: Rate after the pool of each of the first blocks.
        dense: Rate after the flattening, before the dense layers.
    """

    blocks: tuple[Rate, ...]
    dense: Rate


class Hyperparameters(Section):
    """What `model` holds beside `architecture`, `seed` and `augmentation`.

    Attributes:
        blocks: For each block the filters of its convolutions; a pool of 2 x 2 with
            stride 2 follows each block.
        kernel: Side of the convolutions' kernel, in pixels.
        padding: Padding of the convolutions.
        activation: Activation of the convolutions and the dense layers.
        dense: Units of the dense layers before the output.
        dropout: Dropout rates.
    """

    blocks: tuple[Annotated[tuple[Positive, ...], Field(min_length=1)], ...]
    kernel: Positive
    padding: Literal["same", "valid"]
    activation: Literal["relu", "elu"]
    dense: tuple[Positive, ...]
    dropout: Dropout | None = None

    @model_validator(mode="after")
    def _no_more_rates_than_blocks(self) -> "Hyperparameters":
        if self.dropout and len(self.dropout.blocks) > len(self.blocks):
            raise ValueError("dropout.blocks must not hold more rates than blocks")
        return self


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels).
        hyperparameters: The blocks, dense layers and dropout rates.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    outputs = inputs
    rates = hyperparameters.dropout.blocks if hyperparameters.dropout else ()
    for number, filters in enumerate(hyperparameters.blocks, start=1):
        outputs = _block(outputs, number, filters, hyperparameters)
        if number <= len(rates) and rates[number - 1]:
            name = f"block{number}_dropout"
            outputs = layers.Dropout(rates[number - 1], name=name)(outputs)
    outputs = layers.Flatten(name="flatten")(outputs)
    if hyperparameters.dropout and hyperparameters.dropout.dense:
        rate = hyperparameters.dropout.dense
        outputs = layers.Dropout(rate, name="flatten_dropout")(outputs)
    for number, units in enumerate(hyperparameters.dense, start=1):
        outputs = layers.Dense(
            units, activation=hyperparameters.activation, name=f"fc{number}"
        )(outputs)
    return head.connect(outputs)


def _block(
    inputs: "KerasTensor",
    number: int,
    filters: tuple[int, ...],
    hyperparameters: Hyperparameters,
) -> "KerasTensor":
    from keras import layers

    outputs = inputs
    for position, channels in enumerate(filters, start=1):
        outputs = layers.Conv2D(
            channels,
            hyperparameters.kernel,
            padding=hyperparameters.padding,
            activation=hyperparameters.activation,
            name=f"block{number}_conv{position}",
        )(outputs)
    return layers.MaxPooling2D(2, name=f"block{number}_pool")(outputs)
