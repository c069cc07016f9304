"""Class probabilities from a classifier, whatever its output layer."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras


def predict_probabilities(
    model: "keras.Model", x: NDArray[np.generic], batch_size: int = 1024
) -> NDArray[np.float32]:
    """Predict class probabilities.

    Args:
        model: A classifier with a softmax, or a single sigmoid unit for two classes.
        x: Prepared examples, shape (rows, *input shape).
        batch_size: Rows at a time; bounds the memory.

    Returns:
        Probabilities, shape (rows, classes).
    """
    outputs = np.asarray(model.predict(x, batch_size=batch_size, verbose=0))
    if outputs.shape[1] == 1:
        outputs = np.concatenate([1 - outputs, outputs], axis=1)
    return outputs.astype(np.float32)
