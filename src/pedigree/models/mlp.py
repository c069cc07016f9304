"""A dense net: hidden layers of the same activation, optional dropout after each."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor

Rate = Annotated[float, Field(ge=0, lt=1)]


class Hyperparameters(Section):
    """What `model` holds beside `architecture`, `seed` and `augmentation`.

    Attributes:
        hidden: Units of each hidden layer.
        activation: Activation of the hidden layers.
        dropout: Rate after each hidden layer.
    """

    hidden: tuple[Positive, ...]
    activation: Literal["relu", "elu", "softplus", "tanh", "sigmoid", "linear"]
    dropout: tuple[Rate, ...] | None = None

    @model_validator(mode="after")
    def _one_rate_per_layer(self) -> "Hyperparameters":
        if self.dropout and len(self.dropout) != len(self.hidden):
            raise ValueError("dropout must hold one rate per hidden layer")
        return self


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Rows of features, shape (batch, features).
        hyperparameters: The widths, activation and dropout rates.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    outputs = inputs
    rates = hyperparameters.dropout or [0.0] * len(hyperparameters.hidden)
    for number, (units, rate) in enumerate(
        zip(hyperparameters.hidden, rates, strict=True), start=1
    ):
        outputs = layers.Dense(
            units, activation=hyperparameters.activation, name=f"hidden{number}"
        )(outputs)
        if rate:
            outputs = layers.Dropout(rate, name=f"hidden{number}_dropout")(outputs)
    return head.connect(outputs)
