"""Windows of a series: which there are, what is in them, and that none crosses."""

from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from pedigree.data.prepared import cut_windows
from pedigree.data.splits import split_rows
from pedigree.data.transforms import windows
from pedigree.errors import RefusedError
from pedigree.params.features import OrderedSplit, Splits, WindowsTransform

NAMES = ("p", "t")
PARAMETERS = {
    "kind": "windows",
    "target": {"column": "t", "missing": "refuse"},
    "columns": NAMES,
    "sequence_length": 3,
    "sampling_rate": 2,
    "delay": 6,
    "crossing": "drop",
}


def transform(**changes: object) -> WindowsTransform:
    return WindowsTransform.model_validate(PARAMETERS | changes)


def series(rows: int) -> pa.Table:
    """The first column counts the rows, the second is a hundred times as large."""
    numbers = np.arange(rows, dtype=np.float64)
    return pa.table({"p": numbers, "t": 100 * numbers, "time": pa.nulls(rows)})


def ordered(validation: float = 0.25, test: float = 0.25) -> Splits:
    split = partial(OrderedSplit, method="ordered")
    return Splits(
        test=split(fraction=test),
        validation=split(fraction=validation),
        duplicates="refuse",
    )


def split_in_order(rows: int, splits: Splits) -> dict[str, np.ndarray]:
    numbers = np.arange(rows)
    return split_rows(splits, numbers, np.zeros(rows), {"all": rows})._asdict()


def used_rows(parameters: WindowsTransform, predicted: np.ndarray) -> set[int]:
    """Every raw row that the windows of a split, or what they predict, is."""
    steps = np.arange(parameters.sequence_length) * parameters.sampling_rate
    first = predicted - parameters.delay
    return {*(first[:, np.newaxis] + steps).ravel().tolist(), *predicted.tolist()}


@st.composite
def cuts(draw: st.DrawFn) -> tuple[WindowsTransform, Splits, int]:
    steps, rate = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    delay = (steps - 1) * rate + draw(st.integers(1, 9))
    shares = st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.4])
    splits = ordered(draw(shares), draw(shares))
    cut = transform(sequence_length=steps, sampling_rate=rate, delay=delay)
    return cut, splits, draw(st.integers(40, 400))


@given(cuts())
def test_no_row_of_a_window_or_target_is_in_two_splits(cut) -> None:
    parameters, splits, rows = cut
    parts = split_in_order(rows, splits)
    assume(min(map(len, parts.values())) > parameters.delay)
    fitted = windows.fit(parameters, series(rows), parts["train"])
    used = {}
    for split, numbers in parts.items():
        predicted = fitted.predicted(numbers, rows)
        assert len(predicted) == len(numbers) - parameters.delay
        used[split] = used_rows(parameters, predicted)
        assert used[split] <= set(numbers.tolist())
    assert not used["train"] & used["validation"]
    assert not (used["train"] | used["validation"]) & used["test"]


@given(cuts())
def test_what_is_published_shares_targets_and_nothing_else(cut) -> None:
    """The last targets of a split are the first rows of the next one's windows."""
    parameters, splits, rows = cut
    parameters = parameters.model_copy(update={"crossing": "keep"})
    parts = split_in_order(rows, splits)
    assume(min(map(len, parts.values())) > parameters.delay + parameters.span)
    fitted = windows.fit(parameters, series(rows), parts["train"])
    predicted = {
        split: fitted.predicted(numbers, rows) for split, numbers in parts.items()
    }
    beyond = parameters.delay - parameters.span
    for split, later in (("train", "validation"), ("validation", "test")):
        assert predicted[split].max() == parts[later][0] + beyond - 1
        assert predicted[split].max() < predicted[later].min()


def test_the_series_of_jena_is_split_as_published() -> None:
    parts = split_in_order(420_451, ordered())
    assert [*map(len, parts.values())] == [210_225, 105_112, 105_114]
    published = transform(sequence_length=120, sampling_rate=6, delay=858)
    for crossing, counts in {
        "keep": [209_511, 104_398, 103_542],
        "drop": [209_367, 104_254, 104_256],
    }.items():
        parameters = published.model_copy(update={"crossing": crossing})
        fitted = windows.Fitted(parameters, windows.Normalization((0,), (1,)))
        predicted = [fitted.predicted(part, 420_451) for part in parts.values()]
        assert [*map(len, predicted)] == counts


def test_windows_are_normalised_by_the_training_rows_and_share_their_memory() -> None:
    fitted = windows.fit(transform(), series(40), np.arange(20))
    mean, deviation = np.arange(20).mean(), np.arange(20).std()
    assert fitted.windows.mean == pytest.approx(100 * mean)
    cut = fitted.apply(series(40))
    assert cut.shape == (40 - 4, 3, 2)
    assert cut.dtype == np.float32
    assert not cut.flags.writeable
    rows = np.array([0, 7, 35])
    expected = ((rows[:, np.newaxis] + [0, 2, 4]) - mean) / deviation
    for feature in range(2):
        np.testing.assert_allclose(cut[rows][:, :, feature], expected, rtol=1e-6)
    np.testing.assert_array_equal(cut[4:6][1], cut[5])
    base = fitted.series(series(40))
    assert np.shares_memory(cut_windows(base, 3, 2), base)


def test_a_column_that_does_not_vary_becomes_zeros() -> None:
    table = series(20).set_column(0, "p", [np.full(20, 7.0)])
    fitted = windows.fit(transform(), table, np.arange(10))
    assert not fitted.series(table)[:, 0].any()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"delay": 4}, "delay must be more than"),
        ({"columns": ("p",)}, r"target\.column must be one of the columns"),
        ({"sampling_rate": 0}, "sampling_rate"),
    ],
)
def test_windows_that_know_what_they_predict_are_refused(changes, rule) -> None:
    with pytest.raises(ValidationError, match=rule):
        transform(**changes)


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (np.r_[0:10, 11:20], "must follow each other"),
        (np.arange(6), "must have rows for a window and for what it predicts"),
    ],
)
def test_rows_that_make_no_windows_are_refused(rows, rule) -> None:
    fitted = windows.fit(transform(), series(40), np.arange(20))
    with pytest.raises(RefusedError, match=rule):
        fitted.predicted(rows, 40)


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        (series(20).drop_columns(["p"]), "must have the column p"),
        (series(20).set_column(0, "p", [["a"] * 20]), "p must hold numbers"),
        (series(20).set_column(0, "p", [[None, *range(19)]]), "1 rows without"),
        (series(4), "at least 5 rows"),
    ],
)
def test_rows_that_are_no_series_are_refused(table, rule) -> None:
    fitted = windows.fit(transform(), series(20), np.arange(20))
    with pytest.raises(RefusedError, match=rule):
        fitted.apply(table)


def test_ordered_is_the_method_of_both_and_leaves_rows_for_training() -> None:
    both = {"validation": {"method": "ordered", "fraction": 0.6}}
    alone = {"validation": {"method": "tail", "fraction": 0.5}}
    test = {"test": {"method": "ordered", "fraction": 0.4}, "duplicates": "keep"}
    with pytest.raises(ValidationError, match="must leave rows for training"):
        Splits.model_validate(test | both)
    with pytest.raises(ValidationError, match="of validation and of test"):
        Splits.model_validate(test | alone)


def test_a_share_that_is_no_binary_fraction_costs_no_row() -> None:
    parts = split_in_order(100, ordered(0.05, 0.05))
    assert [*map(len, parts.values())] == [90, 5, 5]
