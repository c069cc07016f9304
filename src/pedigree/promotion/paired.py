"""Paired tests: whether two models differ by more than chance on the same rows.

Both are two-sided: of equal models, the better one by chance passes at a significance
of 0.05 in at most 0.025 of all cases.
"""

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.bootstrap import Figures, resamples
from pedigree.params.evaluate import Bootstrap


def mcnemar_mid_p(only_first: int, only_second: int) -> float:
    """McNemar's test in its mid-p form, for the answers of two classifiers.

    Given how many rows only one of them has right, each of the two is equally likely
    to be that one if they are equally good: a binomial distribution with p = 1/2. The
    mid-p value counts the observed outcome by half. It keeps to its significance where
    the exact test is needlessly strict (Fagerland, Lydersen and Laake 2013, "The
    McNemar test for binary matched-pairs data", BMC Medical Research Methodology 13,
    91).

    Args:
        only_first: Rows that the first model alone has right.
        only_second: Rows that the second model alone has right.

    Returns:
        The two-sided p-value; 1 where the models never differ.
    """
    from scipy.stats import binom

    fewer, both = min(only_first, only_second), only_first + only_second
    p = 2 * binom.cdf(fewer, both, 0.5) - binom.pmf(fewer, both, 0.5)
    return float(min(p, 1.0))


def paired_bootstrap(
    first: Figures, second: Figures, number: int, rows: int, parameters: Bootstrap
) -> tuple[float, NDArray[np.float64]]:
    """The paired bootstrap, for any figure of two models.

    The same rows are drawn for both, with replacement, and the figures subtracted. The
    p-value is the smallest significance at which the percentile interval of the
    difference leaves out zero (Efron and Tibshirani 1993, "An Introduction to the
    Bootstrap", 13.3 and 15); the observed sample counts as one of the resamples, so it
    is never zero (Davison and Hinkley 1997, "Bootstrap Methods and their Application",
    4.2).

    Args:
        first: The figures of the first model.
        second: Those of the second, in the same order.
        number: Which of the figures to compare.
        rows: The number of rows that both answered.
        parameters: Number of resamples, confidence and seed.

    Returns:
        The two-sided p-value, and the ends of the interval of first less second. A
        resample in which the figure is undefined is left out.
    """
    differences = np.array(
        [
            first(counts)[number] - second(counts)[number]
            for counts in resamples(rows, parameters)
        ]
    )
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        return 1.0, np.array([np.nan, np.nan])
    fewer = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
    p = min(2 * (fewer + 1) / (len(differences) + 1), 1.0)
    tail = (1 - parameters.confidence) / 2
    return float(p), np.quantile(differences, [tail, 1 - tail])
