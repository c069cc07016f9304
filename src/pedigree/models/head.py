"""The output layer, shared by the architectures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pedigree.errors import WrongUseError

if TYPE_CHECKING:
    from keras import KerasTensor

# What each loss measures. `half_squared_error` is half of the mean squared error.
_OF_CLASSES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)


@dataclass(frozen=True)
class Head:
    """A dense output layer.

    Attributes:
        units: Number of outputs: 1 for two classes by their log-odds or for a number,
            otherwise one per class.
        activation: What turns the outputs into probabilities, or bounds a number.
    """

    units: int
    activation: Literal["sigmoid", "softmax", "tanh", "linear"]

    def connect(
        self, inputs: "KerasTensor", initializer: str = "glorot_uniform"
    ) -> "KerasTensor":
        """Connect the layer, in float32 whatever the precision of the others.

        Args:
            inputs: Shape (batch, features).
            initializer: Name of the initializer of the kernel.
        """
        from keras import layers

        return layers.Dense(
            self.units,
            activation=self.activation,
            kernel_initializer=initializer,
            dtype="float32",
            name="predictions",
        )(inputs)


def head_for(
    loss: str,
    classes: int | None,
    output_activation: Literal["tanh"] | None = None,
    target: Literal["input"] | None = None,
) -> Head:
    """The head that a loss asks for.

    Args:
        loss: Name of the loss.
        classes: Number of classes; None where a number is predicted.
        output_activation: `model.output_activation`.
        target: `train.target`. A model that gives back its input has no head; its
            architecture must not connect the one returned.

    Raises:
        WrongUseError: If the loss does not measure what is predicted.
    """
    if (loss in _OF_CLASSES) != (classes is not None and target is None):
        raise WrongUseError(
            "train.loss must measure what is predicted: a crossentropy for classes, a "
            f"squared error for numbers and for the input. Received: {loss} for "
            + ("the input" if target else "numbers" if classes is None else "classes"),
            "Correct `train.loss` or `train.target` in params.yaml.",
        )
    if loss == "binary_crossentropy":
        if classes != 2:
            raise WrongUseError(
                "train.loss=binary_crossentropy must have two classes. Received: "
                f"{classes} classes",
                "Use categorical_crossentropy or sparse_categorical_crossentropy.",
            )
        return Head(1, "sigmoid")
    if loss in _OF_CLASSES:
        assert classes
        return Head(classes, "softmax")
    return Head(1, output_activation or "linear")
