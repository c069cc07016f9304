"""Sequences of tokens, to one 8-bit flag per word: whether it occurs."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Column
from pedigree.errors import RefusedError
from pedigree.params.features import MultiHotTransform

FILE = "multi_hot.json"
TOKEN_COLUMN = "tokens"

# The token of a word that is left out: `oov_char` in the loaders of `keras.datasets`.
LEFT_OUT = 2

# Rows that are looked at together: a quarter of a million tokens of film reviews.
ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Fitted:
    """The transform of one dataset's sequences.

    Attributes:
        words: The tokens that are kept, from 0.
    """

    words: int
    divide_by: ClassVar[None] = None
    feature_names: ClassVar[tuple[str, ...]] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The number of flags."""
        return (self.words,)

    def apply(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        """Turn raw rows into flags.

        Column `t` is 1 where the token `t` occurs. A token that is not kept counts as
        2, as `keras.datasets.imdb.load_data(num_words=words)` has it.

        Args:
            table: The column `tokens`; others are left alone. A row may be empty.

        Returns:
            Shape (rows, words), 0 or 1; the only array of that length that is made.

        Raises:
            RefusedError: If the column is missing, or holds anything but lists of
                whole numbers from 0.
        """
        flags = np.zeros((table.num_rows, self.words), np.uint8)
        first = 0
        for batch in _sequences(table).to_batches(max_chunksize=ROWS_AT_ONCE):
            lengths = pc.list_value_length(batch[TOKEN_COLUMN]).fill_null(0)
            tokens = _tokens(batch[TOKEN_COLUMN])
            kept = np.where(tokens < self.words, tokens, LEFT_OUT)
            rows = np.repeat(np.arange(first, first + len(batch)), lengths)
            flags[rows, kept] = 1
            first += len(batch)
        return flags

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        archive.save_json(asdict(self), folder / FILE)


def fit(parameters: MultiHotTransform, *_: object) -> Fitted:
    """Take over how many words are kept: which ones, their numbers say."""
    return Fitted(parameters.words)


def describe_columns(*_: object) -> tuple[Column, ...]:
    """Describe the raw column that a model takes."""
    return (Column(TOKEN_COLUMN, "longs", nullable=False),)


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    return Fitted(**archive.load_json(folder / FILE))


def _sequences(table: pa.Table) -> pa.Table:
    """Take the column of sequences, after a look at its type."""
    types = dict(zip(table.column_names, table.schema.types, strict=True))
    found = types.get(TOKEN_COLUMN)
    if not (
        found and pa.types.is_list(found) and pa.types.is_integer(found.value_type)
    ):
        raise RefusedError(
            f"the column {TOKEN_COLUMN} must hold lists of whole numbers. Received: "
            f"{found or ', '.join(types)}",
            "Correct the data, or choose another kind of transform in params.yaml.",
        )
    return table.select([TOKEN_COLUMN])


def _tokens(sequences: pa.ListArray) -> npt.NDArray[np.integer]:
    """Take the tokens of all sequences, one after the other."""
    tokens: npt.NDArray[np.integer] = sequences.flatten().fill_null(-1).to_numpy()
    if len(tokens) and tokens.min() < 0:
        raise RefusedError(
            "a token must be a whole number from 0. Received: "
            f"{tokens[tokens < 0][0]} (-1 if it is missing)",
            "Correct the data.",
        )
    return tokens
