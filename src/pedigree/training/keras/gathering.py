"""Training batches that TensorFlow itself takes out of arrays in the memory."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.training.keras.batches import TrainingBatches

# Larger arrays stay where they are, memory-mapped.
HIGHEST_BYTES = 2**29


def gathered(batches: TrainingBatches) -> Any:
    """The batches in the form that trains fastest; they are the same in each.

    A batch that Python makes costs a small net up to an eighth of its time: calls, and
    copies of the rows. Where TensorFlow trains on stored rows that fit into the memory,
    it takes them out by itself, in the order that is drawn for the epoch.

    Args:
        batches: The batches.

    Returns:
        An endless `tf.data.Dataset`, or the batches themselves: of another backend, of
        windows, of augmented or of many examples.
    """
    if keras.backend.backend() != "tensorflow" or not _can_be_held(batches):
        return batches
    import tensorflow as tf

    with tf.device("CPU"):
        arrays = tuple(tf.constant(array) for array in _whole(batches))

    def orders() -> Iterator[NDArray[np.int64]]:
        return (batches.order(epoch) for epoch in count())

    def of_epoch(order: tf.Tensor) -> tf.data.Dataset:
        def batch(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
            start = step * batches.batch_size
            rows = order[start : start + batches.batch_size]
            return tuple(tf.gather(array, rows) for array in arrays)

        return tf.data.Dataset.range(batches.steps_per_epoch).map(batch)

    # Its length is not told: as little as of other batches is known to the graph.
    order = tf.TensorSpec((None,), tf.int64)
    drawn = tf.data.Dataset.from_generator(orders, output_signature=order)
    return drawn.flat_map(of_epoch).prefetch(tf.data.AUTOTUNE)


def _can_be_held(batches: TrainingBatches) -> bool:
    """Whether the rows are stored as they are fed, and few enough."""
    if batches.augment or not batches.x.flags.c_contiguous:
        return False
    rows = len(batches.x)
    return batches.x.nbytes + rows * batches.y[slice(0, 1)].nbytes <= HIGHEST_BYTES


def _whole(batches: TrainingBatches) -> tuple[NDArray[Any], ...]:
    arrays: tuple[NDArray[Any], ...] = (batches.x, batches.y[slice(None)])
    return arrays if batches.weights is None else (*arrays, batches.weights)
