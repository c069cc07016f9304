"""The output layer, shared by the architectures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from keras import KerasTensor


@dataclass(frozen=True)
class Head:
    """A dense output layer.

    Attributes:
        units: Number of outputs: 1 for two classes by their log-odds, otherwise one
            per class.
        activation: What turns the outputs into probabilities.
    """

    units: int
    activation: Literal["sigmoid", "softmax"]

    def connect(self, inputs: "KerasTensor") -> "KerasTensor":
        """Connect the layer, in float32 whatever the precision of the others."""
        from keras import layers

        return layers.Dense(
            self.units, activation=self.activation, dtype="float32", name="predictions"
        )(inputs)


def classification_head(loss: str, classes: int) -> Head:
    """The head that a loss for classes asks for.

    Args:
        loss: Name of the Keras loss.
        classes: Number of classes.
    """
    if loss == "binary_crossentropy":
        return Head(1, "sigmoid")
    return Head(classes, "softmax")
