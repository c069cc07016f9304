import numpy as np
import pytest

from pedigree.data.prepared import Meta
from pedigree.errors import RefusedError
from pedigree.models.continuation import TOKENS, continue_texts


def meta_of(unit, classes):
    return Meta("tokens", "line", classes, (1,), None, (unit,), (), {}, {})


LETTERS = meta_of("character", ("<unk>", "a", "b", "c", "d"))
WORDS = meta_of("word", ("<unk>", "so", "it", "was"))


def next_of(vocabulary):
    """A model to which the token after number n is number n + 1."""

    def predict(x):
        likeliest = np.where(x[..., 0] + 1 < vocabulary, x[..., 0] + 1, 1)
        return np.eye(vocabulary, dtype=np.float32)[likeliest]

    return predict


def test_texts_of_any_length_go_on_from_their_ends():
    added = continue_texts(next_of(5), ["abc", "a", "dda"], LETTERS, 6)
    assert added == ["dabcda", "bcdabc", "bcdabc"]
    assert len(continue_texts(next_of(5), ["a"], LETTERS)[0]) == TOKENS


def test_words_are_put_apart():
    assert continue_texts(next_of(4), ["so it"], WORDS, 3) == [" was so it"]


def test_an_unknown_token_is_one_too():
    assert continue_texts(next_of(5), ["abx"], LETTERS, 2) == ["ab"]


@pytest.mark.parametrize("meta", [LETTERS, WORDS])
def test_nothing_is_no_beginning(meta):
    with pytest.raises(RefusedError, match="none in row 1"):
        continue_texts(next_of(4), ["a", ""], meta)
