"""A dense net: hidden layers of the same activation, regularised or not."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from pedigree.models.head import Head
from pedigree.params.values import Positive, Rate
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor

Factor = Annotated[float, Field(ge=0)]


class BatchNormalization(Section):
    """`keras.layers.BatchNormalization`."""

    momentum: Rate
    epsilon: Annotated[float, Field(gt=0)]


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        hidden: Units of each hidden layer.
        activation: Activation of the hidden layers.
        l2: Factor of the L2 penalty on the kernel of each hidden layer.
        batch_normalization: Whether each hidden layer is followed by one.
        dropout: Rate after each hidden layer.
    """

    hidden: tuple[Positive, ...]
    activation: Literal["relu", "elu", "softplus", "tanh", "sigmoid", "linear"]
    l2: tuple[Factor, ...] | None = None
    batch_normalization: BatchNormalization | None = None
    dropout: tuple[Rate, ...] | None = None

    @model_validator(mode="after")
    def _one_value_per_layer(self) -> "Hyperparameters":
        for name in ("l2", "dropout"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.hidden):
                raise ValueError(f"{name} must hold one value per hidden layer")
        return self


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Rows of features, shape (batch, features), or examples of any other
            shape, which are flattened.
        hyperparameters: The widths, the activation and what regularises.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    outputs = inputs
    if len(inputs.shape) > 2:
        outputs = layers.Flatten(name="flatten")(outputs)
    for index in range(len(hyperparameters.hidden)):
        outputs = _hidden(outputs, index, hyperparameters)
    return head.connect(outputs)


def _hidden(
    inputs: "KerasTensor", index: int, hyperparameters: Hyperparameters
) -> "KerasTensor":
    from keras import layers, regularizers

    name = f"hidden{index + 1}"
    penalty = hyperparameters.l2[index] if hyperparameters.l2 else 0
    outputs = layers.Dense(
        hyperparameters.hidden[index],
        activation=hyperparameters.activation,
        kernel_regularizer=regularizers.L2(penalty) if penalty else None,
        name=name,
    )(inputs)
    if norm := hyperparameters.batch_normalization:
        outputs = layers.BatchNormalization(
            momentum=norm.momentum, epsilon=norm.epsilon, name=f"{name}_norm"
        )(outputs)
    if hyperparameters.dropout and hyperparameters.dropout[index]:
        rate = hyperparameters.dropout[index]
        outputs = layers.Dropout(rate, name=f"{name}_dropout")(outputs)
    return outputs
