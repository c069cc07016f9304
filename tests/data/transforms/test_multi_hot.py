import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.data.transforms import multi_hot
from pedigree.errors import RefusedError

WORDS = 8


def apply(sequences: object) -> np.ndarray:
    table = pa.table({"tokens": sequences})
    return multi_hot.Fitted(WORDS).apply(table)


@given(st.lists(st.lists(st.integers(0, 2 * WORDS), max_size=9), min_size=1))
def test_flags_are_those_of_the_published_recipe(sequences):
    """Keras puts 2 for tokens from `num_words` on; the recipe then sets flags."""
    wanted = np.zeros((len(sequences), WORDS))
    for row, sequence in enumerate(sequences):
        for token in sequence:
            wanted[row, token if token < WORDS else 2] = 1
    flags = apply(pa.array(sequences, pa.list_(pa.int32())))
    assert flags.dtype == np.uint8
    np.testing.assert_array_equal(flags, wanted)


def test_batches_and_chunks_make_no_difference(monkeypatch):
    monkeypatch.setattr(multi_hot, "ROWS_AT_ONCE", 2)
    part = pa.array([[1, 4], [], None, [9], [5]], pa.list_(pa.int64()))
    flags = apply(pa.chunked_array([part, part.slice(1, 3), part.slice(4)]))
    found = [np.flatnonzero(row).tolist() for row in flags]
    assert found == [[1, 4], [], [], [2], [5], [], [], [2], [5]]


@pytest.mark.parametrize(
    ("sequences", "received"),
    [
        (pa.array([[1, -1]]), "Received: -1"),
        (pa.array([[1, None]]), "if it is missing"),
        (pa.array([[1.5]]), "list<.*: double>"),
        (pa.array(["text"]), "string"),
    ],
)
def test_what_is_no_token_is_refused_in_two_lines(sequences, received):
    with pytest.raises(RefusedError, match=received) as error:
        apply(sequences)
    assert len(str(error.value).splitlines()) == 2


def test_the_column_is_asked_for():
    with pytest.raises(RefusedError, match=r"must hold lists.* Received: text"):
        multi_hot.Fitted(WORDS).apply(pa.table({"text": ["x"]}))
