"""A text, to the numbers of its characters or words."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Arrays, Column, Meta, write_split
from pedigree.data.splits import Rows, split_rows, wanted_splits
from pedigree.errors import RefusedError
from pedigree.params.features import Splits, TokensTransform

FILE = "tokens.json"

# What stands for every token that the vocabulary does not have; its number is 0.
UNKNOWN = "<unk>"


@dataclass(frozen=True)
class Fitted:
    """The transform of one text.

    Attributes:
        column: The column of the lines.
        level: What a token is.
        vocabulary: The tokens by their numbers.
    """

    column: str
    level: Literal["character", "word"]
    vocabulary: tuple[str, ...]
    input_shape: ClassVar[tuple[int, ...]] = (1,)
    divide_by: ClassVar[None] = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """What a token is."""
        return (self.level,)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {token: number for number, token in enumerate(self.vocabulary)}

    def apply(self, table: pa.Table) -> npt.NDArray[np.integer]:
        """Turn lines into numbers of tokens, one line after the other.

        Returns:
            Shape (tokens, 1).
        """
        lines = (tokenize(line, self.level) for line in self.clean(table))
        return self.encode(token for line in lines for token in line)

    def encode(self, tokens: Iterable[str]) -> npt.NDArray[np.integer]:
        """Look up the numbers of tokens; those of all others are 0.

        Returns:
            Shape (tokens, 1).
        """
        numbers = [self._numbers.get(token, 0) for token in tokens]
        narrow = len(self.vocabulary) <= np.iinfo(np.uint8).max + 1
        column: npt.NDArray[np.integer] = np.array(
            numbers, np.uint8 if narrow else np.int32
        )
        return column.reshape(-1, 1)

    def clean(self, table: pa.Table) -> list[str]:
        """Clean the lines of a table, see `clean_line`.

        Raises:
            RefusedError: If the column of the lines is missing.
        """
        return clean_lines(table, self.column)

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        archive.save_json(asdict(self), folder / FILE)


def clean_line(line: str) -> str:
    """Keep letters, in lower case, and one space for all between two of them."""
    return re.sub("[^A-Za-z]+", " ", line).strip().lower()


def clean_lines(table: pa.Table, column: str) -> list[str]:
    """Clean the lines of a table.

    Raises:
        RefusedError: If the column is missing.
    """
    if column not in table.column_names:
        raise RefusedError(
            f"the data must have the column {column}, which holds the text. Received: "
            f"{', '.join(table.column_names)}",
            "Correct `transform.column` in params.yaml, or the data.",
        )
    return [clean_line(line) for line in table[column].to_pylist()]


def tokenize(line: str, level: Literal["character", "word"]) -> list[str]:
    """Cut a clean line into tokens. Nothing stands for the end of a line."""
    return list(line) if level == "character" else line.split()


def fit(parameters: TokensTransform, tokens: Sequence[str]) -> Fitted:
    """Number the commonest tokens from 1: the commonest first, equals as they came.

    Args:
        parameters: The section of params.yaml.
        tokens: The tokens to count.

    Raises:
        RefusedError: If there are fewer different tokens than are to be told apart.
    """
    known = [token for token, _ in Counter(tokens).most_common()]
    if len(known) < parameters.vocabulary - 1:
        raise RefusedError(
            f"the text must have {parameters.vocabulary - 1} different tokens beside "
            f"{UNKNOWN}. Received: {len(known)}",
            f"Set `transform.vocabulary` to {len(known) + 1} at the most in "
            "params.yaml.",
        )
    vocabulary = (UNKNOWN, *known[: parameters.vocabulary - 1])
    return Fitted(parameters.column, parameters.level, vocabulary)


def prepare(
    parameters: TokensTransform, splits: Splits, table: pa.Table, folder: Path
) -> Meta:
    """Split a text and write what is prepared of it.

    The examples of a split are its tokens but for the last one, each with the token
    that follows it: none is predicted by a token of another split.

    Args:
        parameters: The section of params.yaml.
        splits: Where train, validation and test end, in tokens.
        table: The raw lines.
        folder: `data/prepared/<features>`, with an empty folder `transform`.

    Raises:
        RefusedError: If a split gets fewer than two tokens, or the text has too few
            different ones.
    """
    lines = clean_lines(table, parameters.column)
    tokenized = [tokenize(line, parameters.level) for line in lines]
    tokens = [token for line in tokenized for token in line]
    numbers = np.repeat(np.arange(len(lines)), [len(line) for line in tokenized])
    parts = _split(splits, min(len(tokens), parameters.first or len(tokens)))
    train = [tokens[place] for place in parts["train"]]
    fitted = fit(parameters, tokens if parameters.fit == "all" else train)
    fitted.save(folder / "transform")
    class_counts = {}
    for split, places in parts.items():
        encoded = fitted.encode(tokens[place] for place in places)
        y = encoded[1:, 0].astype(np.int64)
        write_split(folder, split, Arrays(encoded[:-1], y, numbers[places[1:]]))
        counts = np.bincount(y, minlength=len(fitted.vocabulary))
        class_counts[split] = tuple(counts.tolist())
    return Meta(
        kind="tokens",
        target=parameters.column,
        classes=fitted.vocabulary,
        input_shape=fitted.input_shape,
        divide_by=fitted.divide_by,
        feature_names=fitted.feature_names,
        columns=(Column(parameters.column, "string", nullable=False),),
        rows={split: len(places) - 1 for split, places in parts.items()},
        class_counts=class_counts,
    )


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    data = archive.load_json(folder / FILE)
    return Fitted(data["column"], data["level"], tuple(data["vocabulary"]))


def _split(splits: Splits, tokens: int) -> dict[str, Rows]:
    """Share the places of tokens out, in their order."""
    places = np.arange(tokens)
    shared = split_rows(splits, places, places, {"all": tokens})
    parts = {split: getattr(shared, split) for split in wanted_splits(splits)}
    for split, part in parts.items():
        if len(part) < 2:
            raise RefusedError(
                "each split of a text must have at least two tokens, one to predict "
                f"the other. Received: {len(part)} for {split}",
                "Correct `split` or `transform.first` in params.yaml.",
            )
    return parts
