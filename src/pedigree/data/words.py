"""The words that the tokens of `keras.datasets` stand for."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pedigree.errors import WrongUseError

# `index_from` of the loaders: tokens below are no words but padding (0), the beginning
# (1) and a word that was left out (2), and 3 is not in use.
INDEX_FROM = 3

UNKNOWN = "?"


def read_words(path: Path) -> dict[int, str]:
    """Read which word has which rank.

    Args:
        path: `*_word_index.json` of `data/external/<dataset>`, which lies beside the
            tokens of `imdb` and of `reuters`.

    Returns:
        Words by their rank, from 1.

    Raises:
        WrongUseError: If the file is not there.
    """
    try:
        ranks = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WrongUseError(
            f"{path} must hold the words of the tokens. Received: no such file",
            f"Run `dvc repro fetch@{path.parent.name}`.",
        ) from None
    return {rank: word for word, rank in ranks.items()}


def decode(tokens: Iterable[int], words: Mapping[int, str]) -> str:
    """Turn tokens back into a text.

    Args:
        tokens: A row of the column `tokens`: the word of rank r is the token r + 3.
        words: What `read_words` returned.

    Returns:
        The words, with `?` for a token that stands for none.
    """
    return " ".join(words.get(token - INDEX_FROM, UNKNOWN) for token in tokens)
