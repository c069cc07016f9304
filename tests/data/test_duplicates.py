import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.data import duplicates
from pedigree.data.duplicates import count_duplicates, number_contents, separate
from pedigree.data.splits import SplitRows
from pedigree.errors import RefusedError

# Few values, so that rows are often equal; those of a pair must not be confounded.
VALUES = {
    pa.int64(): [0, 1, 2**53, 2**53 + 1],
    pa.float64(): [0.0, 0.5, 1e300],
    pa.bool_(): [False, True],
    pa.string(): ["", "a", "ab", "nan"],
    pa.binary(): [b"", b"a", b"\0", b"\0\0"],
    pa.list_(pa.int32()): [[], [0], [0, 0], [256], [1, 0]],
    pa.timestamp("us"): [0, 1],
}


@st.composite
def tables(draw):
    """A table of a few columns of any type, in chunks, with gaps."""
    kinds = draw(st.lists(st.sampled_from([*VALUES]), min_size=1, max_size=3))
    rows = draw(st.integers(0, 12))
    columns = []
    for kind in kinds:
        values = st.sampled_from([None, *VALUES[kind]])
        drawn = draw(st.lists(values, min_size=rows, max_size=rows))
        cut = draw(st.integers(0, rows))
        # A slice, because its offsets do not begin at 0.
        chunk = pa.array([*drawn[:1], *drawn], kind)[len(drawn[:1]) :]
        columns.append(pa.chunked_array([chunk[:cut], chunk[cut:]]))
    return pa.table(columns, names=[f"c{n}" for n in range(len(kinds))])


def assert_equal_rows_share_numbers(table: pa.Table) -> None:
    numbers = number_contents(table).tolist()
    rows = [tuple(map(repr, row.values())) for row in table.to_pylist()]
    assert len(numbers) == len(rows)
    assert len(set(zip(numbers, rows, strict=True))) == len(set(numbers))
    assert len(set(rows)) == len(set(numbers))


@given(tables())
def test_rows_share_a_number_if_and_only_if_they_are_equal(table):
    assert_equal_rows_share_numbers(table)


@given(table=tables(), bytes_at_once=st.integers(1, 200))
def test_batches_change_nothing(table, bytes_at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_BYTES_AT_ONCE", bytes_at_once)
        assert_equal_rows_share_numbers(table)


@given(tables())
def test_equal_hashes_of_different_rows_are_told_apart(table):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            duplicates, "hash_array", lambda values: np.zeros(len(values), np.uint64)
        )
        assert_equal_rows_share_numbers(table)


def test_a_gap_and_nan_are_each_equal_to_themselves_alone():
    column = pa.array([math.nan, math.nan, None, None, 0.0])
    numbers = number_contents(pa.table({"a": column}))
    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[3]
    assert len(set(numbers.tolist())) == 3


CONTENTS = np.array([7, 7, 8, 9, 9, 5, 7, 9, 3])
SHARED = SplitRows(np.array([4, 0, 2, 1]), np.array([5, 3, 6]), np.array([8, 7]))


def test_duplicates_are_counted_by_pairs_of_splits():
    assert count_duplicates(SHARED, CONTENTS) == {
        "train": {"train": 1, "validation": 3, "test": 1},
        "validation": {"train": 2, "validation": 0, "test": 1},
        "test": {"train": 1, "validation": 1, "test": 0},
    }


def test_what_is_measured_keeps_its_rows_and_earlier_splits_lose_the_copies():
    train, validation, test = separate("drop", SHARED, CONTENTS)
    assert train.tolist() == [2]
    assert validation.tolist() == [5, 6]
    assert test.tolist() == [8, 7]


def test_copies_are_refused_and_one_of_them_is_named():
    with pytest.raises(RefusedError) as refused:
        separate("refuse", SHARED, CONTENTS)
    rule, remedy = str(refused.value).splitlines()
    assert "3 of train and 1 of validation" in rule
    assert "row 4 of the raw data equals row 3" in rule
    assert "`drop`" in remedy
    assert refused.value.exit_code == 1


def test_a_split_can_lose_all_its_rows():
    """Whether it may, the stage asks."""
    shared = SplitRows(np.array([0, 1]), np.array([2]), np.array([6]))
    assert [len(rows) for rows in separate("drop", shared, CONTENTS)] == [0, 1, 1]


def test_copies_within_one_split_are_left_alone():
    shared = SplitRows(np.array([0, 1, 2]), np.arange(0), np.arange(0))
    assert count_duplicates(shared, CONTENTS) == {"train": {"train": 1}}
    for policy in ("drop", "refuse"):
        apart = separate(policy, shared, CONTENTS)
        assert [rows.tolist() for rows in apart] == [[0, 1, 2], [], []]


@st.composite
def splits_of_contents(draw):
    """Rows shared out among the splits, and their contents."""
    owners = draw(st.lists(st.integers(0, 2), min_size=3, max_size=30))
    contents = draw(
        st.lists(st.integers(0, 20), min_size=len(owners), max_size=len(owners))
    )
    rows = np.array(draw(st.permutations(range(len(owners)))))
    shared = SplitRows(*(rows[np.array(owners) == n] for n in range(3)))
    return shared, np.array(contents)


@given(splits_of_contents())
def test_policies_keep_what_they_promise(drawn):
    shared, contents = drawn
    sets = [set(contents[rows]) for rows in shared]
    clean = not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])
    counts = count_duplicates(shared, contents)
    assert clean == (sum(counts[a][b] for a in counts for b in counts if a != b) == 0)
    assert separate("keep", shared, contents) is shared
    if clean:
        assert separate("refuse", shared, contents) is shared
    else:
        with pytest.raises(RefusedError, match="no row may stand in two"):
            separate("refuse", shared, contents)
    later = [sets[1] | sets[2], sets[2], set()]
    expected = [
        [row for row in rows if contents[row] not in others]
        for rows, others in zip(shared, later, strict=True)
    ]
    apart = separate("drop", shared, contents)
    assert [rows.tolist() for rows in apart] == expected
