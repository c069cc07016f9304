"""Bootstrap percentile intervals of any set of figures, from one set of resamples."""

import math
from collections.abc import Iterator
from typing import Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from pedigree.params.evaluate import Bootstrap

Counts = NDArray[np.int64]


class Interval(TypedDict):
    """The ends of an interval, both included."""

    low: float
    high: float


class Figures(Protocol):
    """Figures of a sample in which each row counts a number of times."""

    names: tuple[str, ...]

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figures, in the order of `names`; NaN where undefined.

        Args:
            counts: How often each row counts, shape (rows,).
        """
        ...


def bootstrap_intervals(
    figures: Figures, rows: int, parameters: Bootstrap
) -> dict[str, Interval]:
    """Compute the percentile interval of each figure (Efron and Tibshirani 1993, 13.3).

    A resample in which a figure is undefined says nothing about that figure and is left
    out of its interval. A figure that is undefined in every resample has no interval.

    Args:
        figures: What is computed of each resample.
        rows: The number of rows of the sample.
        parameters: Number of resamples, confidence and seed.
    """
    samples = np.array([figures(counts) for counts in resamples(rows, parameters)])
    defined = ~np.isnan(samples).all(axis=0)
    tail = (1 - parameters.confidence) / 2
    lows, highs = np.nanquantile(samples[:, defined], [tail, 1 - tail], axis=0)
    names = np.array(figures.names)[defined].tolist()
    return {
        name: Interval(low=float(low), high=float(high))
        for name, low, high in zip(names, lows, highs, strict=True)
    }


def resamples(rows: int, parameters: Bootstrap) -> Iterator[Counts]:
    """Draw rows with replacement; yield how often each row was drawn, shape (rows,).

    Rows of a series are like those beside them: of these, blocks are drawn, and the
    last row is taken to be followed by the first (Politis and Romano 1992).
    """
    random = np.random.Generator(np.random.PCG64(parameters.seed))
    block = parameters.block or 1
    for _ in range(parameters.resamples):
        starts = random.integers(rows, size=math.ceil(rows / block))
        drawn = (starts[:, np.newaxis] + np.arange(block)).ravel()[:rows] % rows
        yield np.bincount(drawn, minlength=rows)
