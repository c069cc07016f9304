"""A convolutional net over time: convolutions along the steps, averaged in the end."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        filters: Filters of each convolution; a pool of 2 steps follows all but the
            last one.
        kernel: Steps of each convolution's kernel.
    """

    filters: Annotated[tuple[Positive, ...], Field(min_length=1)]
    kernel: tuple[Positive, ...]

    @model_validator(mode="after")
    def _one_kernel_per_convolution(self) -> "Hyperparameters":
        if len(self.kernel) != len(self.filters):
            raise ValueError("kernel must hold one value for each of the filters")
        return self


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Sequences, shape (batch, steps, features).
        hyperparameters: The filters and kernels.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    outputs = inputs
    last = len(hyperparameters.filters)
    sizes = zip(hyperparameters.filters, hyperparameters.kernel, strict=True)
    for number, (filters, kernel) in enumerate(sizes, start=1):
        outputs = layers.Conv1D(
            filters, kernel, activation="relu", name=f"conv{number}"
        )(outputs)
        if number < last:
            outputs = layers.MaxPooling1D(2, name=f"pool{number}")(outputs)
    outputs = layers.GlobalAveragePooling1D(name="average")(outputs)
    return head.connect(outputs)
