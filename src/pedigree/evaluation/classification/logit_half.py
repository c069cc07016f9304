"""The accuracy at a log-odds of 0.5, as some tutorials measure it by mistake.

A net without an output activation gives log-odds. Keras's metric "accuracy" compares
them with 0.5 as if they were probabilities, so it counts the second class from a
probability of 1 / (1 + exp(-0.5)), about 0.6225, on.
"""

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import WrongUseError
from pedigree.evaluation.bootstrap import Counts
from pedigree.evaluation.classification.figures import Labels, Probabilities

THRESHOLD = 1 / (1 + np.exp(-0.5))


class AccuracyAtLogitHalf:
    """The share of rows that are right at that threshold.

    Args:
        probabilities: Shape (rows, 2).
        labels: Class indices, shape (rows,).

    Raises:
        WrongUseError: If there are not two classes.
    """

    names: tuple[str, ...] = ("accuracy_at_logit_half",)

    def __init__(self, probabilities: Probabilities, labels: Labels) -> None:
        if probabilities.shape[1] != 2:
            raise WrongUseError(
                "evaluate.accuracy_at_logit_half must be of two classes. Received: "
                f"{probabilities.shape[1]} classes",
                "Take it out of params.yaml.",
            )
        self._right = (probabilities[:, 1] > THRESHOLD) == (labels == 1)

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figure of a sample."""
        return np.array([counts @ self._right / counts.sum()])

    def figures(self) -> dict[str, float]:
        """The figure by its name, for all rows."""
        return {self.names[0]: float(self._right.mean())}
