"""A residual net of one block, as a published notebook trained it by mistake.

Its loop over stages overwrites the convolutions of each stage by those of the next one
and hands on the shortcut alone: of a ResNet-18 there remain the stem, the shortcuts one
after the other, and the last block. `resnet` is what was meant.
"""

from functools import partial
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
        filters: Filters of all convolutions: they were never doubled.
        stages: Stages of the loop; a shortcut halves the image in all but the first.
        l2: Weight decay of the convolutions' kernels.
    """

    filters: Positive
    stages: Positive
    l2: Annotated[float, Field(gt=0)]


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels).
        hyperparameters: The filters, stages and weight decay.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers, regularizers

    convolution = partial(
        layers.Conv2D,
        hyperparameters.filters,
        padding="same",
        kernel_initializer="he_normal",
        kernel_regularizer=regularizers.L2(hyperparameters.l2),
    )
    outputs = convolution(kernel_size=7, name="stem_conv")(inputs)
    outputs = layers.BatchNormalization(name="stem_bn")(outputs)
    outputs = layers.ReLU(name="stem_relu")(outputs)
    for stage in range(2, hyperparameters.stages + 1):
        name = f"stage{stage}_shortcut"
        outputs = convolution(kernel_size=1, strides=2, name=name)(outputs)
    shortcut = outputs
    outputs = convolution(kernel_size=3, name="block_conv1")(outputs)
    outputs = layers.BatchNormalization(name="block_bn1")(outputs)
    outputs = layers.ReLU(name="block_relu1")(outputs)
    outputs = convolution(kernel_size=3, name="block_conv2")(outputs)
    outputs = layers.BatchNormalization(name="block_bn2")(outputs)
    outputs = layers.Add(name="block_add")([outputs, shortcut])
    outputs = layers.ReLU(name="block_relu2")(outputs)
    outputs = layers.AveragePooling2D(2, name="last_pool")(outputs)
    outputs = layers.Flatten(name="flatten")(outputs)
    return head.connect(outputs, "he_normal")
