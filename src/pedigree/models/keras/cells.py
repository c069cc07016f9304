"""Recurrent cells by hand, which an archive may hold beside Keras's own layers.

Kernels hold a block of columns per gate, in Keras's order, so that the weights of one
fit the other. h is the state, x the input, s the logistic function, ⊙ a product by
elements (Zhang et al., "Dive into Deep Learning", chapters 9 and 10).
"""

from typing import Any, ClassVar

from keras import KerasTensor, layers, ops, saving


class _Cell(layers.Layer):  # type: ignore[misc]
    """What all cells share: their weights.

    Args:
        units: Numbers of the state.
    """

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.state_size = [units] * self.states
        self.output_size = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        columns = self.gates * self.units
        self.kernel = self.add_weight((input_shape[-1], columns), name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, columns), name="recurrent_kernel"
        )
        self.bias = self.add_weight((columns,), initializer="zeros", name="bias")

    def get_config(self) -> dict[str, Any]:
        """What makes such a cell again."""
        return {**super().get_config(), "units": self.units}


@saving.register_keras_serializable("pedigree")
class SimpleRnnCell(_Cell):
    """h ← tanh(x W + h U + b)."""

    gates = 1

    def call(
        self, inputs: KerasTensor, states: list[KerasTensor]
    ) -> tuple[KerasTensor, list[KerasTensor]]:
        """Compute the state after a step: that is the output too."""
        (state,) = states
        state = ops.tanh(
            ops.matmul(inputs, self.kernel)
            + ops.matmul(state, self.recurrent_kernel)
            + self.bias
        )
        return state, [state]


@saving.register_keras_serializable("pedigree")
class GruCell(_Cell):
    """A gated recurrent unit that resets the state before the matrix product.

    z = s(x Wz + h Uz + bz), r = s(x Wr + h Ur + br),
    h ← z ⊙ h + (1 - z) ⊙ tanh(x Wh + (r ⊙ h) Uh + bh).
    """

    gates = 3

    def call(
        self, inputs: KerasTensor, states: list[KerasTensor]
    ) -> tuple[KerasTensor, list[KerasTensor]]:
        """Compute the state after a step: that is the output too."""
        (state,) = states
        gates = 2 * self.units
        x = ops.matmul(inputs, self.kernel) + self.bias
        h = ops.matmul(state, self.recurrent_kernel[:, :gates])
        update, reset = ops.split(ops.sigmoid(x[:, :gates] + h), 2, axis=-1)
        candidate = ops.tanh(
            x[:, gates:] + ops.matmul(reset * state, self.recurrent_kernel[:, gates:])
        )
        state = update * state + (1 - update) * candidate
        return state, [state]


@saving.register_keras_serializable("pedigree")
class LstmCell(_Cell):
    """Long short-term memory, with a memory c beside the state.

    i, f, o = s(x W + h U + b), g = tanh(x Wg + h Ug + bg), each with its own weights;
    c ← f ⊙ c + i ⊙ g, h ← o ⊙ tanh(c).
    """

    gates = 4
    states = 2

    def call(
        self, inputs: KerasTensor, states: list[KerasTensor]
    ) -> tuple[KerasTensor, list[KerasTensor]]:
        """Compute state and memory after a step; the state is the output."""
        state, memory = states
        blocks = (
            ops.matmul(inputs, self.kernel)
            + ops.matmul(state, self.recurrent_kernel)
            + self.bias
        )
        enter, forget, candidate, leave = ops.split(blocks, 4, axis=-1)
        memory = ops.sigmoid(forget) * memory + ops.sigmoid(enter) * ops.tanh(candidate)
        state = ops.sigmoid(leave) * ops.tanh(memory)
        return state, [state, memory]
