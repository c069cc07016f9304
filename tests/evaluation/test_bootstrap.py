import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.evaluation.bootstrap import bootstrap_intervals, resamples
from pedigree.evaluation.classification.figures import WeightedFigures
from pedigree.params.evaluate import Bootstrap


class Mean:
    """The mean of some values, and figures that are seldom or never defined."""

    names = ("mean", "seldom", "never")

    def __init__(self, values):
        self.values = values

    def __call__(self, counts):
        mean = counts @ self.values / counts.sum()
        seldom = mean if counts[0] else np.nan
        return np.array([mean, seldom, np.nan])


def parameters(**changes):
    return Bootstrap(**({"resamples": 500, "confidence": 0.95, "seed": 0} | changes))


def test_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(1).normal(3, 2, size=2000)
    found = bootstrap_intervals(Mean(values), 2000, parameters(resamples=3000))
    half = 1.96 * values.std() / np.sqrt(2000)
    assert found["mean"]["low"] == pytest.approx(values.mean() - half, abs=0.01)
    assert found["mean"]["high"] == pytest.approx(values.mean() + half, abs=0.01)


def test_undefined_resamples_are_left_out():
    values = np.arange(10.0)
    found = bootstrap_intervals(Mean(values), 10, parameters())
    assert set(found) == {"mean", "seldom"}
    kept = [counts @ values / 10 for counts in resamples(10, parameters()) if counts[0]]
    assert found["seldom"]["low"] == np.quantile(kept, 0.025)


def test_confidence_widens_and_the_seed_decides():
    values = np.random.default_rng(1).random(100)

    def interval(**changes):
        return bootstrap_intervals(Mean(values), 100, parameters(**changes))["mean"]

    assert interval() == interval()
    assert interval() != interval(seed=1)
    assert interval(confidence=0.5)["low"] > interval()["low"]
    assert interval(confidence=0.5)["high"] < interval()["high"]


@given(rows=st.integers(1, 50), seed=st.integers(0, 2**32 - 1))
def test_a_resample_is_as_large_as_the_sample(rows, seed):
    drawn = list(resamples(rows, parameters(resamples=100, seed=seed)))
    assert len(drawn) == 100
    assert {counts.sum() for counts in drawn} == {rows}
    assert {counts.shape for counts in drawn} == {(rows,)}


@pytest.mark.parametrize(("rows", "classes"), [(10_000, 10), (28_439, 2)])
def test_a_thousand_resamples_take_seconds(rows, classes):
    """The limits are 4 s and 3 s of one core; twice that, for a busy machine."""
    random = np.random.default_rng(0)
    labels = random.integers(classes, size=rows)
    scores = np.exp(random.normal(size=(rows, classes)))
    probabilities = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    names = tuple(map(str, range(classes)))
    started = time.process_time()
    figures = WeightedFigures(probabilities, labels, names)
    bootstrap_intervals(figures, rows, parameters(resamples=1000))
    assert time.process_time() - started < 6
