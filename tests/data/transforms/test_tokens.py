"""A text becomes tokens, and no split knows of another."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedigree.data.formats import text
from pedigree.data.prepared import open_split, read_meta, write_meta
from pedigree.data.transforms import tokens
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import TextTable
from pedigree.params.features import Features
from pedigree.sections import parse

ROOT = Path(__file__).resolve().parents[3]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data")).absolute()

LINES = ["The Time-Machine,", "", "by H. G. Wells [1898]", "I", "  The Time  ", "7"]
TABLE = pa.table({"line": LINES})


def features(level="character", vocabulary=5, fit="train", first=None, **split):
    transform = {"kind": "tokens", "column": "line", "level": level, "fit": fit}
    transform |= {"vocabulary": vocabulary, "first": first}
    parts = {name: {"method": "tail", "rows": n} for name, n in split.items()}
    splits = {"test": {"method": "none"}, "validation": {"method": "none"}} | parts
    section = {"dataset": "d", "split": splits | {"duplicates": "keep"}}
    return parse(Features, section | {"transform": transform}, Path("params.yaml"))


def prepare(folder, entry, table=TABLE):
    (folder / "transform").mkdir(parents=True)
    meta = tokens.prepare(entry.transform, entry.split, table, folder)
    write_meta(folder, meta)
    assert read_meta(folder) == meta
    splits = {split: open_split(folder, split) for split in meta.rows}
    return meta, splits, tokens.load(folder / "transform")


def decode(meta, numbers):
    return [meta.classes[number] for number in np.ravel(numbers)]


def test_lines_are_cleaned_as_published():
    cleaned = ["the time machine", "", "by h g wells", "i", "the time", ""]
    assert tokens.clean_lines(TABLE, "line") == cleaned
    assert tokens.tokenize("by h", "character") == ["b", "y", " ", "h"]
    assert tokens.tokenize("by h", "word") == ["by", "h"]
    assert tokens.tokenize("", "word") == tokens.tokenize("", "character") == []


def test_the_counts_of_the_published_text():
    folder = MIRROR / "time_machine"
    if not folder.exists():
        pytest.skip("needs time_machine in PEDIGREE_MIRROR")
    section = {"format": "text", "files": {"all": "timemachine.txt"}}
    raw = text.read(parse(TextTable, section, Path("params.yaml")), folder)["all"]
    lines = tokens.clean_lines(raw, "line")
    for level, count, vocabulary, first in [
        ("character", 170_580, 28, "the time machine"),
        ("word", 32_775, 4_580, ["the", "time", "machine", "by", "h", "g", "wells"]),
    ]:
        corpus = [token for line in lines for token in tokens.tokenize(line, level)]
        assert len(corpus) == count
        assert corpus[: len(first)] == list(first)
        assert len({*corpus, tokens.UNKNOWN}) == vocabulary
        entry = features(level, vocabulary, "all").transform
        fitted = tokens.fit(entry, corpus)
        assert len(fitted.vocabulary) == vocabulary
        assert (fitted.encode(corpus) > 0).all()
        with pytest.raises(RefusedError, match=f"Received: {vocabulary - 1}"):
            tokens.fit(features(level, vocabulary + 1).transform, corpus)
    commonest = ("<unk>", "the", "i", "and", "of", "a", "to", "was", "in", "that")
    assert fitted.vocabulary[:10] == commonest


def test_each_token_is_followed_by_its_target(tmp_path):
    entry = features(vocabulary=10, first=35, validation=9, test=8)
    meta, splits, fitted = prepare(tmp_path / "f", entry)
    whole = "the time machineby h g wellsithe time"[:35]
    parts = {"train": whole[:18], "validation": whole[18:27], "test": whole[27:]}
    assert meta.rows == {split: len(part) - 1 for split, part in parts.items()}
    known = set(meta.classes)
    for split, part in parts.items():
        shown = [token if token in known else "<unk>" for token in part]
        assert decode(meta, splits[split].x) == shown[:-1]
        assert decode(meta, splits[split].y) == shown[1:]
        assert sum(meta.class_counts[split]) == len(part) - 1
    assert splits["train"].rows.tolist() == [0] * 15 + [2, 2]
    assert splits["test"].rows.tolist() == [3] + [4] * 6
    assert splits["train"].x.dtype == np.uint8
    assert (meta.input_shape, meta.feature_names) == ((1,), ("character",))
    assert np.array_equal(fitted.apply(TABLE)[:17], splits["train"].x)


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 37), st.integers(2, 9), st.integers(2, 9))
def test_no_token_is_in_two_splits(tmp_path_factory, train, validation, test):
    """Of every pair of a token and its target, both stand in one split."""
    line = "".join(chr(ord("a") + n % 26) for n in range(train + validation + test))
    entry = features(vocabulary=3, validation=validation, test=test)
    places = np.arange(len(line))
    folder = tmp_path_factory.mktemp("splits") / "f"
    table = pa.table({"line": list(line)})  # a token per line: rows are places
    _, splits, _ = prepare(folder, entry, table)
    seen = []
    for split, count in {
        "train": train,
        "validation": validation,
        "test": test,
    }.items():
        rows = splits[split].rows
        assert rows.tolist() == places[len(seen) + 1 : len(seen) + count].tolist()
        seen += range(len(seen), len(seen) + count)
    assert seen == places.tolist()


def test_later_tokens_teach_nothing(tmp_path):
    other = pa.table({"line": [*LINES[:3], "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"]})
    contents, vocabularies = [], []
    for name, table in {"one": TABLE, "other": other}.items():
        for fit in ("train", "all"):
            entry = features(fit=fit, validation=5)
            entry = entry.model_copy(
                update={"transform": entry.transform.model_copy(update={"first": 25})}
            )
            meta, _, _ = prepare(tmp_path / name / fit, entry, table)
            vocabularies.append(meta.classes)
            if fit == "train":
                files = sorted((tmp_path / name / fit).rglob("train/*.npy"))
                files += [tmp_path / name / fit / "transform/tokens.json"]
                contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]
    assert vocabularies[1] != vocabularies[3]  # counted over all, `z` is the commonest


def test_words_have_numbers_that_do_not_fit_a_byte(tmp_path):
    def word(n):
        return "".join("abcdefghij"[int(digit)] for digit in str(n))

    table = pa.table({"line": [" ".join(map(word, range(300)))]})
    meta, splits, _ = prepare(tmp_path / "f", features("word", 301), table)
    assert splits["train"].x.dtype == np.int32
    assert decode(meta, splits["train"].x)[-1] == word(298)
    assert meta.feature_names == ("word",)


def test_what_cannot_be_prepared_is_refused(tmp_path):
    for entry, table, received in [
        (features(vocabulary=40), TABLE, "Received: 15"),
        (features(validation=36), TABLE, "Received: 1 for train"),
        (features(), pa.table({"text": LINES}), "Received: text"),
    ]:
        with pytest.raises(RefusedError, match=received):
            prepare(tmp_path / received, entry, table)


@pytest.mark.parametrize(
    ("split", "rule"),
    [
        ({"test": {"method": "random", "fraction": 0.1, "seed": 0}}, "methods tail"),
        ({"duplicates": "refuse"}, "no equal rows"),
        ({"test": {"method": "tail"}}, "either a fraction or rows"),
    ],
)
def test_a_text_is_split_in_one_piece(split, rule):
    section = features().model_dump()
    section["split"] = {**section["split"], **split}
    with pytest.raises(WrongUseError, match=rule):
        parse(Features, section, Path("params.yaml"))
