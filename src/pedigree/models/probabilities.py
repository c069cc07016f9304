"""Class probabilities from the outputs of a classifier, whatever its output layer."""

import numpy as np
from numpy.typing import NDArray


def probabilities_of(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn outputs into one probability per class.

    Args:
        outputs: Of a softmax, shape (rows, classes), or of a single sigmoid unit for
            two classes, shape (rows, 1).

    Returns:
        Probabilities, shape (rows, classes).
    """
    if outputs.shape[1] == 1:
        outputs = np.concatenate([1 - outputs, outputs], axis=1)
    return outputs.astype(np.float32)
