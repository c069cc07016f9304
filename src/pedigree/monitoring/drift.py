"""Whether columns of new data come from where those of the training data came from.

Numbers are compared by the two-sample test of Kolmogorov and Smirnov, categories and
the share of missing values by the chi-squared test of a contingency table, or by
Fisher's exact test where two by two counts are too few for it. All tests
together are corrected for their number (Benjamini and Hochberg 1995): of what is said
to have drifted, a declared share at most is due to chance. How far a column has moved
is said by the population stability index, the sum of (p - q) ln(p / q) over cells.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pedigree.params.monitoring import DriftThreshold

Kind = Literal["numbers", "categories"]
Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
Test = Literal["Kolmogorov-Smirnov", "chi-squared", "Fisher's exact"]

# Numbers are counted between the deciles of the training data.
CELLS = 10

# More categories than this, and those too rare for a chi-squared test, are one.
CATEGORIES = 40
EXPECTED_AT_LEAST = 5
OTHERS = "(others)"


@dataclass(frozen=True)
class Cell:
    """A range of numbers, or a category, and the share of rows that are in it."""

    name: str
    training: float
    new: float


@dataclass(frozen=True)
class Comparison:
    """One test of one column.

    Attributes:
        column: The column.
        about: What was compared: its numbers, its categories, or what is missing.
        test: The name of the test.
        statistic: Of the test; of Fisher's, how far apart the two shares are.
        p_value: How likely as large a statistic is where nothing has changed.
        adjusted: The same, with regard to how many tests there are.
        psi: The population stability index.
        cells: What the index is computed of.
    """

    column: str
    about: Literal["numbers", "categories", "missing values"]
    test: Test
    statistic: float
    p_value: float
    adjusted: float
    psi: float
    cells: tuple[Cell, ...]

    def has_drifted(self, threshold: DriftThreshold) -> bool:
        """Tell whether the column has moved: beyond chance, and far enough."""
        beyond_chance = self.adjusted <= threshold.false_discovery_rate
        return beyond_chance and self.psi >= threshold.psi


def compare(
    training: pd.DataFrame, new: pd.DataFrame, kinds: Mapping[str, Kind]
) -> tuple[Comparison, ...]:
    """Compare columns, those that moved the farthest first.

    Args:
        training: The rows that a model was trained on.
        new: New rows.
        kinds: The columns to compare, and what they hold.
    """
    from scipy.stats import false_discovery_control

    found = [
        comparison
        for column, kind in kinds.items()
        for comparison in _compare_column(column, kind, training[column], new[column])
    ]
    if not found:
        return ()
    adjusted = false_discovery_control([each.p_value for each in found], method="bh")
    corrected = (
        replace(each, adjusted=float(p_value))
        for each, p_value in zip(found, adjusted, strict=True)
    )
    return tuple(sorted(corrected, key=lambda each: -each.psi))


def drifted_columns(
    comparisons: tuple[Comparison, ...], threshold: DriftThreshold
) -> tuple[str, ...]:
    """Name the columns that have drifted, each once."""
    names = (each.column for each in comparisons if each.has_drifted(threshold))
    return tuple(dict.fromkeys(names))


def stability_index(training: Counts | Numbers, new: Counts | Numbers) -> float:
    """Compute the population stability index of two rows of counts.

    A cell without a row counts as half a one, where the index would be infinite; one
    that has no row on either side does not count.

    Args:
        training: Rows per cell, shape (cells,).
        new: The same of new data.
    """
    filled = training + new > 0
    p, q = (np.maximum(each[filled], 0.5) / each.sum() for each in (training, new))
    return float(((p - q) * np.log(p / q)).sum())


def _compare_column(
    column: str, kind: Kind, training: "pd.Series[Any]", new: "pd.Series[Any]"
) -> Iterator[Comparison]:
    missing = [each.isna() for each in (training, new)]
    if any(each.any() for each in missing):
        counts = np.array([[(~each).sum(), each.sum()] for each in missing])
        yield _of_counts(column, "missing values", ("there", "missing"), counts)
    known = [each.dropna() for each in (training, new)]
    if min(map(len, known)) == 0:
        return  # the share of missing values says it all
    if kind == "numbers":
        yield _of_numbers(column, *(each.to_numpy(np.float64) for each in known))
    else:
        yield _of_counts(column, "categories", *_categories(*known))


def _of_numbers(column: str, training: Numbers, new: Numbers) -> Comparison:
    from scipy.stats import ks_2samp

    result = ks_2samp(training, new, method="asymp")
    ends = _ends_of_cells(training)
    counts = [_count_numbers(ends, each) for each in (training, new)]
    names = [
        f"{low:.4g} to {high:.4g}" if low < high else f"{low:.4g}"
        for low, high in pairwise(ends)
    ]
    names = [f"below {ends[0]:.4g}", *names, f"above {ends[-1]:.4g}"]
    return Comparison(
        column,
        "numbers",
        "Kolmogorov-Smirnov",
        float(result.statistic),
        float(result.pvalue),
        1.0,
        stability_index(*counts),
        _cells(names, *counts),
    )


def _ends_of_cells(training: Numbers) -> Numbers:
    """Find the inner ends of cells: deciles, one that repeats twice.

    A value that several deciles share, as each of a flag does, is many a row's. Between
    its two ends it has a cell of its own, and what is below or above it has another.
    """
    deciles = np.quantile(training, np.linspace(0, 1, CELLS + 1)[1:-1])
    values, times = np.unique(deciles, return_counts=True)
    return np.repeat(values, np.minimum(times, 2))


def _count_numbers(ends: Numbers, numbers: Numbers) -> Numbers:
    """Count numbers per cell; one that is an end counts half on either side of it."""
    places = np.searchsorted(ends, numbers) + np.searchsorted(ends, numbers, "right")
    both = np.concatenate([places // 2, (places + 1) // 2])
    return np.bincount(both, minlength=len(ends) + 1) / 2


def _of_counts(
    column: str,
    about: Literal["categories", "missing values"],
    names: tuple[str, ...],
    counts: NDArray[np.int64],
) -> Comparison:
    """Compare counts, shape (2, cells); cells without any row are none."""
    from scipy.stats import chi2_contingency, fisher_exact

    test: Test = "chi-squared"
    statistic, p_value = 0.0, 1.0
    filled = counts[:, counts.sum(axis=0) > 0]
    if filled.shape[1] > 1:
        result = chi2_contingency(filled, correction=False)
        statistic, p_value = float(result.statistic), float(result.pvalue)
        few = result.expected_freq.min() < EXPECTED_AT_LEAST
        if few and filled.shape[1] == 2:
            test = "Fisher's exact"
            statistic = float(abs(np.diff(filled[:, 0] / filled.sum(axis=1))[0]))
            p_value = float(fisher_exact(filled).pvalue)
    return Comparison(
        column,
        about,
        test,
        statistic,
        p_value,
        1.0,
        stability_index(counts[0], counts[1]),
        _cells(names, counts[0], counts[1]),
    )


def _categories(
    training: "pd.Series[Any]", new: "pd.Series[Any]"
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Count categories, the most frequent first, and rare ones together."""
    # By value, and together: where one is missing, pandas makes 1.0 of a whole 1.
    names = pd.concat([training, new], ignore_index=True).convert_dtypes().astype(str)
    sides = names[: len(training)], names[len(training) :]
    table = pd.DataFrame({i: side.value_counts() for i, side in enumerate(sides)})
    counts = table.fillna(0).astype(np.int64)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False).index]
    together = counts.sum(axis=1).to_numpy()
    share_of_smaller = counts.sum().min() / together.sum()
    rare = together * share_of_smaller < EXPECTED_AT_LEAST
    rare[CATEGORIES:] = True
    frequent = tuple(str(name) for name in counts.index[~rare])
    kept = counts.to_numpy()[~rare].T
    if rare.any():
        others = counts.to_numpy()[rare].sum(axis=0)[:, None]
        return (*frequent, OTHERS), np.concatenate([kept, others], axis=1)
    return frequent, kept


def _cells(
    names: Iterable[str], training: Counts | Numbers, new: Counts | Numbers
) -> tuple[Cell, ...]:
    shares = zip(names, training / training.sum(), new / new.sum(), strict=True)
    return tuple(Cell(name, float(p), float(q)) for name, p, q in shares)
