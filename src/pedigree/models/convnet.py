"""A regular convolutional net: blocks of convolutions and a pool, then dense layers."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from pedigree.models.head import Head
from pedigree.params.values import Positive, Rate
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor

Padding = Literal["same", "valid"]


class Dropout(Section):
    """Dropout rates.

    Attributes:
        blocks: Rate after each of the first blocks.
        flatten: Rate after the flattening, before the dense layers.
        dense: Rate after each of the first dense layers.
    """

    blocks: tuple[Rate, ...] = ()
    flatten: Rate | None = None
    dense: tuple[Rate, ...] = ()


class BatchNormalization(Section):
    """`keras.layers.BatchNormalization`."""

    momentum: Rate
    epsilon: Annotated[float, Field(gt=0)]


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        blocks: For each block the filters of its convolutions.
        kernel: Side of the convolutions' kernel, in pixels, of each block.
        padding: Padding of the convolutions of each block.
        pool: Side and stride of the maximum pool after each block; null for none.
        activation: Activation of the convolutions and the dense layers.
        dense: Units of the dense layers before the output.
        dropout: Dropout rates.
        batch_normalization: What normalises the input of each block, and what is
            flattened.
        include_top: Whether the blocks are followed by anything. Without a top, the
            output is that of the last block.
    """

    blocks: tuple[Annotated[tuple[Positive, ...], Field(min_length=1)], ...]
    kernel: tuple[Positive, ...]
    padding: tuple[Padding, ...]
    pool: tuple[Positive | None, ...]
    activation: Literal["relu", "elu"]
    dense: tuple[Positive, ...]
    dropout: Dropout | None = None
    batch_normalization: BatchNormalization | None = None
    include_top: bool | None = None

    @model_validator(mode="after")
    def _one_value_per_block(self) -> "Hyperparameters":
        for name in ("kernel", "padding", "pool"):
            if len(getattr(self, name)) != len(self.blocks):
                raise ValueError(f"{name} must hold one value per block")
        return self

    @model_validator(mode="after")
    def _no_more_rates_than_layers(self) -> "Hyperparameters":
        for name in ("blocks", "dense"):
            if self.dropout and len(getattr(self.dropout, name)) > len(
                getattr(self, name)
            ):
                raise ValueError(f"dropout.{name} must not hold more rates than {name}")
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
        The predictions, shape (batch, units of the head); without a top, the maps of
        the last block.
    """
    outputs = inputs
    for index in range(len(hyperparameters.blocks)):
        outputs = _block(outputs, index, hyperparameters)
    if hyperparameters.include_top is False:
        return outputs
    return head.connect(_dense(outputs, hyperparameters))


def _block(
    inputs: "KerasTensor", index: int, hyperparameters: Hyperparameters
) -> "KerasTensor":
    from keras import layers

    name = f"block{index + 1}"
    outputs = _normalize(inputs, f"{name}_norm", hyperparameters)
    for position, filters in enumerate(hyperparameters.blocks[index], start=1):
        outputs = layers.Conv2D(
            filters,
            hyperparameters.kernel[index],
            padding=hyperparameters.padding[index],
            activation=hyperparameters.activation,
            name=f"{name}_conv{position}",
        )(outputs)
    if pool := hyperparameters.pool[index]:
        outputs = layers.MaxPooling2D(pool, name=f"{name}_pool")(outputs)
    rates = hyperparameters.dropout.blocks if hyperparameters.dropout else ()
    return _drop(outputs, rates[index : index + 1], f"{name}_dropout")


def _dense(inputs: "KerasTensor", hyperparameters: Hyperparameters) -> "KerasTensor":
    from keras import layers

    dropout = hyperparameters.dropout or Dropout()
    outputs = _normalize(inputs, "norm", hyperparameters)
    outputs = layers.Flatten(name="flatten")(outputs)
    outputs = _drop(outputs, (dropout.flatten or 0,), "flatten_dropout")
    for index, units in enumerate(hyperparameters.dense):
        name = f"fc{index + 1}"
        outputs = layers.Dense(units, activation=hyperparameters.activation, name=name)(
            outputs
        )
        rates = dropout.dense[index : index + 1]
        outputs = _drop(outputs, rates, f"{name}_dropout")
    return outputs


def _normalize(
    inputs: "KerasTensor", name: str, hyperparameters: Hyperparameters
) -> "KerasTensor":
    from keras import layers

    norm = hyperparameters.batch_normalization
    if norm is None:
        return inputs
    return layers.BatchNormalization(
        momentum=norm.momentum, epsilon=norm.epsilon, name=name
    )(inputs)


def _drop(inputs: "KerasTensor", rates: tuple[float, ...], name: str) -> "KerasTensor":
    """Connect a dropout layer where there is a rate other than 0."""
    from keras import layers

    if not rates or not rates[0]:
        return inputs
    return layers.Dropout(rates[0], name=name)(inputs)
