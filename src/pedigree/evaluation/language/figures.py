"""The figures of a model that predicts the next token of a text."""

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError
from pedigree.evaluation.bootstrap import Counts
from pedigree.evaluation.measures import figures_of

Probabilities = NDArray[np.float32]
Tokens = NDArray[np.int64]

# What a probability of 0 counts as: Keras's own limit, so that no loss is infinite.
_SMALLEST = 1e-7


def figure_names(unit: str) -> tuple[str, ...]:
    """Name the figures of a text whose tokens are characters, or words."""
    return ("cross_entropy", "perplexity", f"bits_per_{unit}", "accuracy")


class WeightedTokens:
    """Figures of a text in which each token counts a number of times.

    The cross-entropy is the mean of log 1 / p of the tokens that came, the perplexity
    its exponential; in bits, it is divided by log 2.

    Args:
        probabilities: Of each next token, shape (tokens, vocabulary).
        actual: The tokens that came, shape (tokens,).
        unit: What a token is.

    Raises:
        RefusedError: If a probability is not one.
    """

    def __init__(self, probabilities: Probabilities, actual: Tokens, unit: str) -> None:
        if not ((probabilities >= 0) & (probabilities <= 1.00001)).all():
            raise RefusedError(
                "probabilities must be in [0, 1]. Received: others, or what is no "
                "number",
                "The training diverged: a lower `train.optimizer.learning_rate` may "
                "help.",
            )
        self.names = figure_names(unit)
        self._losses = losses_of(probabilities, actual)
        self._hits = probabilities.argmax(axis=1) == actual

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figures, in the order of `names`."""
        tokens = counts.sum()
        loss = counts @ self._losses / tokens
        accuracy = counts @ self._hits / tokens
        return np.array([loss, np.exp(loss), loss / np.log(2), accuracy])


def losses_of(probabilities: Probabilities, actual: Tokens) -> NDArray[np.float64]:
    """The natural logarithm of 1 / p of each token that came, shape (tokens,)."""
    chosen = probabilities[np.arange(len(actual)), actual].astype(np.float64)
    losses: NDArray[np.float64] = -np.log(np.clip(chosen, _SMALLEST, 1))
    return losses


def split_figures(
    probabilities: Probabilities, actual: Tokens, unit: str
) -> dict[str, float]:
    """Compute the figures of one split, its number of tokens as `rows`."""
    return figures_of(WeightedTokens(probabilities, actual, unit), len(actual))
