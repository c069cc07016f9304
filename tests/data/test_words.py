import json
from pathlib import Path

import pytest

from pedigree.data.words import decode, read_words
from pedigree.errors import WrongUseError


def test_tokens_become_words_again(tmp_path: Path):
    path = tmp_path / "imdb_word_index.json"
    path.write_text(json.dumps({"the": 1, "film": 2, "caf\u00e9": 3}))
    words = read_words(path)
    assert decode([1, 4, 6, 2, 5, 0, 3, 99], words) == "? the caf\u00e9 ? film ? ? ?"
    assert decode([], words) == ""


def test_the_words_are_asked_for(tmp_path: Path):
    with pytest.raises(WrongUseError, match="no such file") as error:
        read_words(tmp_path / "imdb" / "imdb_word_index.json")
    assert "dvc repro fetch@imdb" in error.value.remedy
