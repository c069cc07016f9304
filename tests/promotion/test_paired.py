import numpy as np
import pytest
from scipy.stats import binomtest

from pedigree.evaluation.regression.figures import WeightedErrors
from pedigree.params.evaluate import Bootstrap
from pedigree.promotion.paired import mcnemar_mid_p, paired_bootstrap


def test_mcnemar_gives_the_published_value():
    """Fagerland, Lydersen and Laake 2013, table 4: airway hyper-responsiveness."""
    assert mcnemar_mid_p(1, 7) == pytest.approx(0.039, abs=5e-4)
    assert binomtest(1, 8).pvalue == pytest.approx(0.070, abs=5e-4), "the exact test"


@pytest.mark.parametrize(("first", "second"), [(0, 0), (5, 5), (1, 0)])
def test_mcnemar_without_evidence(first, second):
    assert mcnemar_mid_p(first, second) > 0.4


@pytest.mark.parametrize(("first", "second"), [(3, 12), (100, 140), (2000, 2300)])
def test_mcnemar_is_symmetric_and_less_strict_than_the_exact_test(first, second):
    p = mcnemar_mid_p(first, second)
    assert p == mcnemar_mid_p(second, first)
    assert 0 < p < binomtest(first, first + second).pvalue


def errors(spread, rows=200):
    generator = np.random.default_rng(0)
    actual = np.zeros(rows, np.float32)
    noise = generator.normal(0, 1, rows)
    return WeightedErrors((spread * noise).astype(np.float32), actual)


def test_the_bootstrap_of_a_figure_with_itself_sees_no_difference():
    parameters = Bootstrap(resamples=200, confidence=0.95, seed=0)
    p, ends = paired_bootstrap(errors(1), errors(1), 0, 200, parameters)
    assert p == 1 and np.array_equal(ends, [0, 0])


def test_the_bootstrap_is_repeatable_and_never_certain():
    parameters = Bootstrap(resamples=200, confidence=0.95, seed=0)
    results = [
        paired_bootstrap(errors(2), errors(1), 0, 200, parameters) for _ in range(2)
    ]
    assert results[0][0] == results[1][0] == pytest.approx(2 / 201)
    assert np.array_equal(results[0][1], results[1][1])
    assert 0 < results[0][1][0] < results[0][1][1]


def test_a_figure_that_is_undefined_shows_nothing():
    parameters = Bootstrap(resamples=200, confidence=0.95, seed=0)
    constant = errors(1)  # r2 of numbers that do not vary
    p, ends = paired_bootstrap(constant, constant, 3, 200, parameters)
    assert p == 1 and np.isnan(ends).all()
