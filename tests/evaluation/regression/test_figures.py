import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from pedigree.data.prepared import Arrays
from pedigree.errors import RefusedError
from pedigree.evaluation.bootstrap import bootstrap_intervals
from pedigree.evaluation.regression import task
from pedigree.evaluation.regression.figures import WeightedErrors, split_figures
from pedigree.params.evaluate import Bootstrap


def make(rows, seed=0):
    random = np.random.default_rng(seed)
    actual = random.normal(20, 5, rows).astype(np.float32)
    return (actual + random.normal(0, 2, rows)).astype(np.float32), actual


def scikit_learn(predicted, actual):
    figures = {
        "mae": metrics.mean_absolute_error(actual, predicted),
        "mse": metrics.mean_squared_error(actual, predicted),
        "rmse": metrics.root_mean_squared_error(actual, predicted),
    }
    if len(set(actual)) > 1:  # scikit-learn says 1 or 0 where it cannot tell
        figures["r2"] = metrics.r2_score(actual, predicted)
    return figures


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
def test_figures_are_those_of_scikit_learn(rows, seed):
    predicted, actual = make(rows, seed)
    figures = split_figures(predicted, actual)
    assert figures.pop("rows") == rows
    exact = [each.astype(np.float64) for each in (predicted, actual)]
    assert figures == pytest.approx(scikit_learn(*exact), rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_weighted_figures_are_those_of_the_repeated_rows(rows, seed):
    predicted, actual = make(rows, seed)
    drawn = np.random.default_rng(seed).integers(rows, size=rows)
    errors = WeightedErrors(predicted, actual)
    values = errors(np.bincount(drawn, minlength=rows))
    found = dict(zip(errors.names, values, strict=True))
    defined = {name: value for name, value in found.items() if not np.isnan(value)}
    repeated = predicted[drawn].astype(float), actual[drawn].astype(float)
    assert defined == pytest.approx(scikit_learn(*repeated), rel=1e-9, abs=1e-12)


def test_large_numbers_lose_no_digits():
    """Years as float32, a thousandth apart."""
    actual = np.linspace(2000, 2020, 500, dtype=np.float32)
    figures = split_figures(actual + np.float32(0.0009765625), actual)
    assert figures["mae"] == figures["rmse"] == 0.0009765625


def test_numbers_that_do_not_vary_explain_nothing():
    figures = split_figures(np.ones(3, np.float32), np.full(3, 2, np.float32))
    assert figures == {"rows": 3, "mae": 1, "mse": 1, "rmse": 1}


def test_a_resample_of_one_row_over_and_over_is_left_out_of_r2():
    errors = WeightedErrors(*make(2))
    intervals = bootstrap_intervals(
        errors, 2, Bootstrap(resamples=100, confidence=0.9, seed=0)
    )
    assert intervals["r2"]["low"] == intervals["r2"]["high"]
    assert intervals["mae"]["low"] < intervals["mae"]["high"]


@pytest.mark.parametrize(
    ("predicted", "rule"),
    [
        ([], "must have rows"),
        ([np.nan, 1], "finite numbers. Received: 1 of 2"),
        ([np.inf, -np.inf], "finite numbers. Received: 2 of 2"),
    ],
)
def test_what_cannot_be_measured_is_refused(predicted, rule):
    numbers = np.array(predicted, np.float32)
    with pytest.raises(RefusedError, match=rule):
        split_figures(numbers, np.zeros(len(numbers), np.float32))


def test_the_table_holds_the_largest_errors_first(tmp_path):
    predicted, actual = make(50)
    reported = Arrays(np.zeros((50, 1)), actual, np.arange(50) * 2)
    task.write_tables(tmp_path, predicted, reported, None)
    header, *lines = (tmp_path / "largest_errors.csv").read_text().splitlines()
    assert header == "row,actual,predicted"
    order = np.argsort(-abs(predicted - actual))[:20]
    assert [int(line.split(",")[0]) // 2 for line in lines] == order.tolist()
    row, known, given = map(float, lines[0].split(","))
    assert (known, given) == (actual[int(row) // 2], predicted[int(row) // 2])
