"""What the gate finds in damaged sequences and texts, by the rule that is named."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pedigree.data.formats import text
from pedigree.params.datasets import Files, TextTable

ROWS = 400

Reviews = list[list[int | None] | None]
Splits = dict[str, tuple[Reviews, np.ndarray]]
Stops = Callable[[str, tuple[str, str], dict[str, pa.Table]], bool]

LENGTH = ("expect_column_values_to_be_between", "length")
MEAN_LENGTH = ("expect_column_mean_to_be_between", "length")
FIRST = ("expect_column_values_to_be_in_set", "first")
MINIMUM = ("expect_column_values_to_be_in_set", "minimum")
MAXIMUM = ("expect_column_values_to_be_between", "maximum")
VOCABULARY = ("expect_column_max_to_be_between", "maximum")
LEFT_OUT = ("expect_column_values_to_be_between", "left_out")
MOST_FREQUENT = ("expect_column_values_to_be_between", "most_frequent")
UNIQUE = ("expect_column_values_to_be_unique", "content")
LEAK = ("expect_column_values_to_be_in_set", "in_earlier_split")
CLASSES = ("expect_column_distinct_values_to_equal_set", "label")


# --- sequences ----------------------------------------------------------------------

# The largest token and the range of lengths, so that their mean is the published one.
SHAPES = {"imdb": (88_586, (100, 370)), "reuters": (30_981, (60, 235))}


def good(suite: str) -> Splits:
    """Sequences like the published ones, but fewer."""
    largest, lengths = SHAPES[suite]
    generator = np.random.default_rng(0)
    classes = 2 if suite == "imdb" else 46
    splits = {}
    for split in ("train", "test"):
        reviews = [
            [1, *generator.integers(4, largest, length).tolist(), largest]
            for length in generator.integers(*lengths, ROWS)
        ]
        splits[split] = (reviews, np.arange(ROWS) % classes)
    return splits


def tables(splits: Splits) -> dict[str, pa.Table]:
    return {
        split: pa.table(
            {"tokens": pa.array(reviews, pa.list_(pa.int32())), "label": labels}
        )
        for split, (reviews, labels) in splits.items()
    }


def put(review: list[int | None] | None) -> Callable[[Splits], None]:
    def damage(splits: Splits) -> None:
        splits["train"][0][7] = review

    return damage


def change(each: Callable[[list[int]], list[int]]) -> Callable[[Splits], None]:
    def damage(splits: Splits) -> None:
        for reviews, _ in splits.values():
            reviews[:] = [each(review) for review in reviews]

    return damage


def repeat(splits: Splits) -> None:
    reviews, _ = splits["train"]
    reviews[:60] = reviews[100:160]


def leak(splits: Splits) -> None:
    splits["test"][0][:60] = splits["train"][0][:60]


def stale_copy(splits: Splits) -> None:
    splits["test"] = splits["train"]


def lose_class(splits: Splits) -> None:
    splits["test"][1][:] = 1


SEQUENCE_DAMAGES = {
    "an empty sequence": (put([]), LENGTH),
    "a missing sequence": (put(None), LENGTH),
    "an overlong sequence": (put([1, *range(4, 9000)]), LENGTH),
    "a sequence without its beginning": (put([9, 8, 7, 6, 5]), FIRST),
    "padding before it": (put([0, 0, 1, 9, 8, 7]), FIRST),
    "padding after it": (put([1, 9, 8, 7, 0, 0]), MINIMUM),
    "a negative token": (put([1, 9, -8, 7, 6]), MINIMUM),
    "a missing token": (put([1, 9, None, 7, 6]), MINIMUM),
    "a token beyond the vocabulary": (put([1, 9, 99_999, 7, 6]), MAXIMUM),
    "one token again and again": (put([1, *[9] * 200]), MOST_FREQUENT),
    "sequences cut off": (change(lambda review: review[:50]), MEAN_LENGTH),
    "rare words replaced": (
        change(lambda review: [token if token < 10_000 else 2 for token in review]),
        LEFT_OUT,
    ),
    "rare words taken out": (
        change(lambda review: [token for token in review if token < 10_000]),
        VOCABULARY,
    ),
    "repeated sequences": (repeat, UNIQUE),
    "sequences of training in test": (leak, LEAK),
    "a stale copy of training as test": (stale_copy, LEAK),
    "a lost class": (lose_class, CLASSES),
}


@pytest.mark.parametrize("suite", SHAPES)
@pytest.mark.parametrize("name", SEQUENCE_DAMAGES)
def test_damaged_sequences_stop_at_the_rule(
    suite: str, name: str, stops: Stops
) -> None:
    damage, rule = SEQUENCE_DAMAGES[name]
    splits = good(suite)
    assert not stops(suite, rule, tables(splits))
    damage(splits)
    assert stops(suite, rule, tables(splits))


# --- a text -------------------------------------------------------------------------


def published_lines() -> Iterator[str]:
    """As many lines as the published text has, and as many of them empty."""
    for number in range(3221):
        yield "" if number % 9 == 0 else f"line {number:04} of a text that was made up"


def read(tmp_path: Path, content: bytes) -> dict[str, pa.Table]:
    (tmp_path / "a.txt").write_bytes(content)
    return text.read(TextTable(format="text", files=Files(all="a.txt")), tmp_path)


LINE_LENGTH = ("expect_column_values_to_be_between", "length")
ASCII = ("expect_column_values_to_be_in_set", "beyond_ascii")
CONTROL = ("expect_column_values_to_be_in_set", "control")
LINES = ("expect_table_row_count_to_equal", "")
MISSING = ("expect_column_values_to_not_be_null", "line")

TEXT_DAMAGES = {
    "emptied lines": (lambda text: text.replace("a text", "\n\n\n"), LINE_LENGTH),
    "lines joined": (lambda text: text.replace("\nline", " line", 5), LINE_LENGTH),
    "a byte order mark": (lambda text: "\ufeff" + text, ASCII),
    "another encoding": (lambda text: text.replace("up", "\xc3\xbcp", 1), ASCII),
    "ends of lines of Windows": (lambda text: text.replace("\n", "\r\n"), CONTROL),
    "tabs": (lambda text: text.replace(" ", "\t", 1), CONTROL),
    "a truncated file": (lambda text: text[: len(text) // 2], LINES),
    "a text twice": (lambda text: text + text, LINES),
}


@pytest.mark.parametrize("name", TEXT_DAMAGES)
def test_a_damaged_text_stops_at_the_rule(
    name: str, tmp_path: Path, stops: Stops
) -> None:
    damage, rule = TEXT_DAMAGES[name]
    content = "\n".join(published_lines()) + "\n"
    assert not stops("time_machine", rule, read(tmp_path, content.encode()))
    damaged = damage(content).encode()
    assert stops("time_machine", rule, read(tmp_path, damaged))


def test_a_missing_line_is_not_an_empty_one(stops: Stops) -> None:
    splits = {"all": pa.table({"line": pa.array(["", None])})}
    assert stops("time_machine", MISSING, splits)
    assert not stops("time_machine", MISSING, {"all": splits["all"].slice(0, 1)})


@pytest.mark.parametrize("column", ["length", "words"])
def test_other_words_in_as_many_lines_change_a_sum(column: str, stops: Stops) -> None:
    lines = [*published_lines()]
    rule = ("expect_column_sum_to_be_between", column)
    assert stops("time_machine", rule, {"all": pa.table({"line": lines})})
