"""What the gate finds in damaged sequences and texts, by the rule that is named."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pedigree.data.raw import table_of_sequences
from pedigree.data.statistics import frames_to_check
from pedigree.data.suite import load_suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import Verdict, not_met

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data"))

Sequences = list[list[int]]
Splits = dict[str, tuple[Sequences, np.ndarray]]

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
MEAN = "expect_column_mean_to_be_between"
ROWS = "expect_table_row_count_to_equal"


def check(suite: str, splits: dict[str, pa.Table]) -> Verdict:
    return validate_tables(suite, load_suite(ROOT / f"expectations/{suite}.yaml"), splits)


def failed(verdict: Verdict) -> set[tuple[str, ...]]:
    """Name the rules that were not met: expectation, column and split."""
    return {
        (one["expectation"], one["arguments"].get("column", ""), one["split"])
        for one in not_met(verdict)
    }


# --- sequences: reviews that are made up in the shape of the published ones ---------


@cache
def published() -> Splits:
    """As many reviews as IMDB has, as long as its own, of a tenth of the tokens."""
    generator = np.random.default_rng(0)
    splits = {}
    for split, mean in {"train": 239, "test": 231}.items():
        lengths = generator.integers(7, 2 * mean - 7, 25_000)
        tokens = generator.integers(4, 88_587, lengths.sum())
        tokens[np.cumsum(lengths) - lengths] = 1
        sequences = np.split(tokens, np.cumsum(lengths)[:-1])
        splits[split] = list(sequences), np.arange(25_000) % 2
    return splits


def tables(splits: Splits) -> dict[str, pa.Table]:
    return {
        split: table_of_sequences(
            pa.ListArray.from_arrays(
                np.cumsum([0, *map(len, sequences)], dtype=np.int32),
                np.concatenate(sequences).astype(np.int32),
            ),
            labels,
        )
        for split, (sequences, labels) in splits.items()
    }
