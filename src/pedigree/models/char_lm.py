"""A language model: one recurrent layer that predicts the next token at each step."""

from typing import TYPE_CHECKING, Literal

from pedigree.models.head import Head
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        cell: The kind of the layer.
        implementation: `scratch`: cells written by hand; the GRU applies its reset gate
            before the matrix product, as published. `built_in`: Keras's own layers.
        units: Units of the layer.
    """

    cell: Literal["simple_rnn", "gru", "lstm"]
    implementation: Literal["scratch", "built_in"]
    units: Positive


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Numbers of tokens, shape (batch, steps, 1). Where the batch has a fixed
            number of rows, each begins with the state in which it ended before.
        hyperparameters: The cell, who wrote it, and its width.
        head: The output layer, with a unit per token.

    Returns:
        The probabilities of each next token, shape (batch, steps, units of the head).
    """
    from keras import layers

    from pedigree.models.keras.cells import GruCell, LstmCell, SimpleRnnCell

    if len(inputs.shape) != 3 or inputs.shape[-1] != 1:
        raise ValueError("another input than the tokens of a text")
    one_hot = layers.CategoryEncoding(
        head.units, output_mode="one_hot", name="one_hot"
    )(inputs)
    cell, units = hyperparameters.cell, hyperparameters.units
    options = {
        "return_sequences": True,
        "stateful": inputs.shape[0] is not None,
        "name": cell,
    }
    if hyperparameters.implementation == "scratch":
        cells = {"simple_rnn": SimpleRnnCell, "gru": GruCell, "lstm": LstmCell}
        layer = layers.RNN(cells[cell](units, name="cell"), **options)
    else:
        built_in = {
            "simple_rnn": layers.SimpleRNN,
            "gru": layers.GRU,
            "lstm": layers.LSTM,
        }
        layer = built_in[cell](units, **options)
    return head.connect(layer(one_hot))
