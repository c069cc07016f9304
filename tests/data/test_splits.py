from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from pedigree.data.splits import (
    SplitRows,
    require_class_shares,
    require_rows,
    split_rows,
    wanted_splits,
)
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.features import (
    HeadSplit,
    NoSplit,
    PublishedSplit,
    RandomSplit,
    TailSplit,
)
from pedigree.params.features import Splits as AnySplits

Splits = partial(AnySplits, duplicates="keep")

fractions = st.floats(0.1, 0.6)
tails = st.builds(TailSplit, method=st.just("tail"), fraction=fractions)
draws = st.builds(
    RandomSplit,
    method=st.sampled_from(["random", "stratified"]),
    fraction=fractions,
    seed=st.integers(0, 2**32 - 1),
)
heads = st.builds(HeadSplit, method=st.just("head"), rows=st.integers(1, 10))
none = st.just(NoSplit(method="none"))
published = st.just(PublishedSplit(method="published"))
recipes = st.builds(
    Splits,
    test=published | draws | tails | none,
    validation=draws | tails | heads | none,
)


@st.composite
def labelled_rows(draw):
    """Row numbers with gaps, and class indices of which none is rare."""
    gaps = draw(st.lists(st.integers(1, 3), min_size=60, max_size=120))
    rows = np.cumsum(gaps) - 1
    labels = np.arange(len(rows)) % 3
    draw(st.randoms(use_true_random=False)).shuffle(labels)
    return rows, labels


@given(recipes, labelled_rows())
def test_splits_are_a_partition_and_repeat(splits, data):
    rows, labels = data
    sizes = {"train": int(rows[40]), "test": int(rows[-1] + 1 - rows[40])}
    shared = split_rows(splits, rows, labels, sizes)
    # Without test rows, those that the publisher set apart are left out.
    known = rows[:40] if splits.test.method == "none" else rows
    assert sorted(np.concatenate(shared)) == known.tolist()
    with_rows = [name for name, part in shared._asdict().items() if len(part)]
    assert list(wanted_splits(splits)) == with_rows
    for first, second in zip(
        shared, split_rows(splits, rows, labels, sizes), strict=True
    ):
        np.testing.assert_array_equal(first, second)
    if splits.test.method == "published":
        np.testing.assert_array_equal(shared.test, rows[40:])


@given(labelled_rows(), heads, published | draws | tails | none)
def test_the_head_is_the_first_rows_that_are_not_for_the_test(data, head, test):
    rows, labels = data
    sizes = {"train": int(rows[40]), "test": int(rows[-1] + 1 - rows[40])}
    whole = split_rows(
        Splits(test=test, validation=NoSplit(method="none")), rows, labels, sizes
    )
    shared = split_rows(Splits(test=test, validation=head), rows, labels, sizes)
    assert len(shared.validation) == head.rows
    rest = np.concatenate([shared.validation, shared.train])
    np.testing.assert_array_equal(rest, whole.train)
    np.testing.assert_array_equal(shared.test, whole.test)


@given(labelled_rows())
def test_without_test_rows_raw_data_of_one_piece_are_used_whole(data):
    rows, labels = data
    splits = Splits(test=NoSplit(method="none"), validation=NoSplit(method="none"))
    for sizes in ({"all": int(rows[-1] + 5)}, {"train": int(rows[-1] + 1), "test": 3}):
        np.testing.assert_array_equal(split_rows(splits, rows, labels, sizes)[0], rows)


@given(labelled_rows(), fractions, st.integers(0, 99))
def test_strata_keep_their_share_within_one_row(data, fraction, seed):
    rows, labels = data
    draw = RandomSplit(method="stratified", fraction=fraction, seed=seed)
    splits = Splits(test=draw, validation=TailSplit(method="tail", fraction=0.5))
    shared = split_rows(splits, rows, labels, {"all": int(rows[-1] + 1)})
    share = len(shared.test) / len(rows)
    taken = Counter(labels[np.isin(rows, shared.test)])
    for label, count in Counter(labels).items():
        assert abs(taken[label] - share * count) <= 1


def test_published_weather_recipe():
    rows = np.arange(142_193)
    splits = Splits(
        test=RandomSplit(method="random", fraction=0.2, seed=0),
        validation=TailSplit(method="tail", fraction=0.2),
    )
    shared = split_rows(splits, rows, np.zeros(len(rows), int), {"all": len(rows)})
    train, test = train_test_split(rows, test_size=0.2, random_state=0)
    assert (len(train), len(test)) == (113_754, 28_439)
    assert len(shared.train) == 91_003
    np.testing.assert_array_equal(np.r_[shared.train, shared.validation], train)
    np.testing.assert_array_equal(shared.test, test)


def test_published_fashion_recipe():
    rows = np.arange(70_000)
    splits = Splits(
        test=PublishedSplit(method="published"),
        validation=RandomSplit(method="random", fraction=0.2, seed=2018),
    )
    sizes = {"train": 60_000, "test": 10_000}
    shared = split_rows(splits, rows, np.zeros(len(rows), int), sizes)
    train, validation = train_test_split(
        rows[:60_000], test_size=0.2, random_state=2018
    )
    assert (len(train), len(validation)) == (48_000, 12_000)
    np.testing.assert_array_equal(shared.train, train)
    np.testing.assert_array_equal(shared.validation, validation)


def test_published_rows_need_a_published_test_split():
    splits = Splits(
        test=PublishedSplit(method="published"),
        validation=TailSplit(method="tail", fraction=0.2),
    )
    with pytest.raises(WrongUseError, match="requires raw data with a test split"):
        split_rows(splits, np.arange(5), np.zeros(5, int), {"all": 5})


@pytest.mark.parametrize(
    ("method", "labels"),
    [("stratified", [0, 0, 0, 0, 1]), ("random", [0]), ("random", [0, 1])],
)
def test_too_few_rows_are_refused(method, labels):
    draw = RandomSplit(method=method, fraction=0.2, seed=0)
    splits = Splits(test=draw, validation=draw)
    labels = np.array(labels)
    with pytest.raises(RefusedError, match="Received"):
        split_rows(splits, np.arange(len(labels)), labels, {"all": len(labels)})


def test_a_split_without_rows_is_refused():
    tail = TailSplit(method="tail", fraction=0.2)
    with pytest.raises(RefusedError, match="none for train out of 1"):
        split_rows(
            Splits(test=tail, validation=tail),
            np.arange(1),
            np.zeros(1, int),
            {"all": 1},
        )


def test_a_head_that_takes_all_rows_is_refused():
    head = HeadSplit(method="head", rows=5)
    splits = Splits(test=NoSplit(method="none"), validation=head)
    with pytest.raises(RefusedError, match="none for train out of 5"):
        split_rows(splits, np.arange(5), np.zeros(5, int), {"all": 5})


def test_only_a_split_that_is_wanted_must_have_rows():
    some, no = np.arange(3), np.arange(0)
    for shared, validation, missing in [
        (SplitRows(some, no, no), NoSplit(method="none"), None),
        (SplitRows(some, no, no), HeadSplit(method="head", rows=1), "validation"),
        (SplitRows(no, some, no), NoSplit(method="none"), "train"),
    ]:
        splits = Splits(test=NoSplit(method="none"), validation=validation)
        if missing is None:
            require_rows(splits, shared)
        else:
            with pytest.raises(RefusedError, match=f"none for {missing} out of 3"):
                require_rows(splits, shared)


@pytest.mark.parametrize(
    ("tolerance", "passing"), [(None, True), (0.9, True), (0.11, True), (0.09, False)]
)
def test_class_shares_within_the_tolerance_pass(tolerance, passing):
    counts = {"train": (50, 50), "validation": (6, 4), "test": (4, 6)}
    try:
        require_class_shares(tolerance, ("No", "Yes"), counts)
    except RefusedError:
        assert not passing
    else:
        assert passing


def test_the_class_whose_share_differs_most_is_named():
    counts = {"train": (50, 50, 0), "validation": (6, 4, 0), "test": (4, 4, 2)}
    with pytest.raises(RefusedError) as refused:
        require_class_shares(0.05, ("a", "b", "c"), counts)
    rule, remedy = str(refused.value).splitlines()
    assert rule == (
        "the share of each class must be within split.class_share_tolerance=0.05 of "
        "its share in train. Received: c is 0.0000 of train and 0.2000 of test"
    )
    assert "stratified" in remedy


@given(labelled_rows(), st.floats(0.001, 0.2), fractions, st.integers(0, 99))
def test_shares_are_compared_as_they_are(data, tolerance, fraction, seed):
    rows, labels = data
    draw = RandomSplit(method="random", fraction=fraction, seed=seed)
    shared = split_rows(
        Splits(test=draw, validation=draw), rows, labels, {"all": int(rows[-1] + 1)}
    )
    place = dict(zip(rows.tolist(), labels, strict=True))
    counts = {
        split: tuple(Counter(place[row] for row in part.tolist())[n] for n in range(3))
        for split, part in shared._asdict().items()
    }
    shares = {split: [n / sum(c) for n in c] for split, c in counts.items()}
    largest = max(
        abs(share - of_train)
        for split in ("validation", "test")
        for share, of_train in zip(shares[split], shares["train"], strict=True)
    )
    if largest <= tolerance:
        require_class_shares(tolerance, "abc", counts)
    else:
        with pytest.raises(RefusedError, match="share of each class"):
            require_class_shares(tolerance, "abc", counts)
