"""LeNet-5: two convolutions of 5 x 5 with average pools, then dense layers.

LeCun et al., "Gradient-based learning applied to document recognition" (1998), with the
softmax output that is usual today.
"""

from typing import TYPE_CHECKING, Literal

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        filters: Filters of the first convolution, which keeps the size of the image,
            and of the second one, which does not.
        dense: Units of the dense layers before the output.
        activation: Activation of the convolutions and the dense layers.
    """

    filters: tuple[Positive, Positive]
    dense: tuple[Positive, ...]
    activation: Literal["sigmoid", "tanh", "relu"]


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels).
        hyperparameters: The filters, dense layers and activation.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    outputs = inputs
    activation = hyperparameters.activation
    paddings = ("same", "valid")
    for number, (filters, padding) in enumerate(
        zip(hyperparameters.filters, paddings, strict=True), start=1
    ):
        outputs = layers.Conv2D(
            filters, 5, padding=padding, activation=activation, name=f"conv{number}"
        )(outputs)
        outputs = layers.AveragePooling2D(2, name=f"pool{number}")(outputs)
    outputs = layers.Flatten(name="flatten")(outputs)
    for number, units in enumerate(hyperparameters.dense, start=1):
        outputs = layers.Dense(units, activation=activation, name=f"fc{number}")(
            outputs
        )
    return head.connect(outputs)
