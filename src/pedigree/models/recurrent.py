"""A recurrent net: stacked layers of one kind of cell, read at the last step."""

from math import prod
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pedigree.models.head import Head
from pedigree.params.values import Positive, Rate
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        cell: The kind of all layers.
        units: Units of each layer; the last one hands on its last step alone.
        dropout: Rate after the last layer.
        recurrent_dropout: Rate of each layer's state; GPUs compute it without their
            fused kernels.
    """

    cell: Literal["simple_rnn", "gru", "lstm"]
    units: Annotated[tuple[Positive, ...], Field(min_length=1)]
    dropout: Rate | None = None
    recurrent_dropout: Rate | None = None


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Sequences, shape (batch, steps, features), or images, shape (batch,
            height, width, channels), whose rows are the steps.
        hyperparameters: The cell, widths and dropout rates.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    from keras import layers

    cells = {"simple_rnn": layers.SimpleRNN, "gru": layers.GRU, "lstm": layers.LSTM}
    outputs = inputs
    if len(inputs.shape) == 4:
        steps, *row = inputs.shape[1:]
        outputs = layers.Reshape((steps, prod(row)), name="rows")(outputs)
    last = len(hyperparameters.units)
    for number, units in enumerate(hyperparameters.units, start=1):
        outputs = cells[hyperparameters.cell](
            units,
            recurrent_dropout=hyperparameters.recurrent_dropout or 0.0,
            return_sequences=number < last,
            name=f"{hyperparameters.cell}{number}",
        )(outputs)
    if hyperparameters.dropout:
        outputs = layers.Dropout(hyperparameters.dropout, name="dropout")(outputs)
    return head.connect(outputs)
