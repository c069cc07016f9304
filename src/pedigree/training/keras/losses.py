"""Keras losses by their names in `params.yaml`."""

from typing import Any

import keras


def half_squared_error(
    actual: keras.KerasTensor, predicted: keras.KerasTensor
) -> keras.KerasTensor:
    """Half of the squared error, averaged over the last axis.

    The TensorFlow Playground minimises it (`Errors.SQUARE` in its `nn.ts`).
    """
    return keras.ops.mean(keras.ops.square(predicted - actual), axis=-1) / 2


def loss_named(name: str) -> Any:
    """The loss of a name: a Keras name as it is, or one of this module."""
    return half_squared_error if name == "half_squared_error" else name
