"""GoogLeNet: inception blocks, whose four branches look at several scales.

Szegedy et al., "Going deeper with convolutions" (2015), without the auxiliary outputs.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor

# Filters of an inception block: of its 1 x 1 branch; of the 1 x 1 and 3 x 3, and of the
# 1 x 1 and 5 x 5 convolutions of the next two; of the 1 x 1 after the pool.
Pair = tuple[Positive, Positive]
Inception = tuple[Positive, Pair, Pair, Positive]


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        stem: Filters of the convolution of 7 x 7, of that of 1 x 1 and of that of 3 x 3
            in front of the inception blocks.
        stem_activation: Activation of the convolution of 3 x 3: GoogLeNet has `relu`.
        stages: The inception blocks of each stage: the filters of the 1 x 1 branch, of
            the two convolutions of the 3 x 3 branch, of the two of the 5 x 5 branch,
            and of the convolution after the pool. A pool halves the image between
            stages.
        last_pool: Pool over the whole image before the output: GoogLeNet has `average`.
    """

    stem: tuple[Positive, Positive, Positive]
    stem_activation: Literal["linear", "relu"]
    stages: Annotated[
        tuple[Annotated[tuple[Inception, ...], Field(min_length=1)], ...],
        Field(min_length=1),
    ]
    last_pool: Literal["average", "max"]


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels); 96 x 96 as published.
        hyperparameters: The filters of the stem and of the inception blocks.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    outputs = _stem(inputs, hyperparameters)
    for stage, blocks in enumerate(hyperparameters.stages, start=1):
        if stage > 1:
            outputs = _halve(outputs, f"stage{stage}_pool")
        for block, filters in enumerate(blocks, start=1):
            outputs = _inception(outputs, filters, f"stage{stage}_{block}")
    pools = {
        "average": layers.GlobalAveragePooling2D,
        "max": layers.GlobalMaxPooling2D,
    }
    outputs = pools[hyperparameters.last_pool](name="last_pool")(outputs)
    return head.connect(outputs)


def _stem(inputs: "KerasTensor", hyperparameters: Hyperparameters) -> "KerasTensor":
    from keras import layers

    first, second, third = hyperparameters.stem
    # "same" would pad a convolution that moves by 2 unevenly.
    outputs = layers.ZeroPadding2D(3, name="stem_padding")(inputs)
    outputs = layers.Conv2D(first, 7, strides=2, activation="relu", name="stem_conv1")(
        outputs
    )
    outputs = _halve(outputs, "stem_pool1")
    outputs = _convolve(outputs, second, 1, "stem_conv2")
    outputs = layers.Conv2D(
        third,
        3,
        padding="same",
        activation=hyperparameters.stem_activation,
        name="stem_conv3",
    )(outputs)
    halve = _halve if hyperparameters.stem_activation == "relu" else _halve_any
    return halve(outputs, "stem_pool2")


def _halve(inputs: "KerasTensor", name: str) -> "KerasTensor":
    """A pool of 3 x 3 around every second pixel of what a ReLU gave.

    No value is below the zeros of the border. `padding="same"` would leave out the
    border on one side where the sides are even.
    """
    from keras import layers

    outputs = layers.ZeroPadding2D(1, name=f"{name}_padding")(inputs)
    return layers.MaxPooling2D(3, strides=2, name=name)(outputs)


def _halve_any(inputs: "KerasTensor", name: str) -> "KerasTensor":
    """The same where values may be negative: the border is minus infinity.

    It is so around a pool of stride 1, whose border is even; then every second pixel is
    taken.
    """
    from keras import layers

    largest = layers.MaxPooling2D(3, strides=1, padding="same", name=name)(inputs)
    return layers.MaxPooling2D(1, strides=2, name=f"{name}_stride")(largest)


def _inception(inputs: "KerasTensor", filters: Inception, name: str) -> "KerasTensor":
    from keras import layers

    one, three, five, pooled = filters
    narrow3 = _convolve(inputs, three[0], 1, f"{name}_3x3_narrow")
    narrow5 = _convolve(inputs, five[0], 1, f"{name}_5x5_narrow")
    largest = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")
    branches = [
        _convolve(inputs, one, 1, f"{name}_1x1"),
        _convolve(narrow3, three[1], 3, f"{name}_3x3"),
        _convolve(narrow5, five[1], 5, f"{name}_5x5"),
        _convolve(largest(inputs), pooled, 1, f"{name}_pool_1x1"),
    ]
    return layers.Concatenate(name=f"{name}_join")(branches)


def _convolve(
    inputs: "KerasTensor", filters: int, kernel: int, name: str
) -> "KerasTensor":
    from keras import layers

    return layers.Conv2D(filters, kernel, padding="same", activation="relu", name=name)(
        inputs
    )
