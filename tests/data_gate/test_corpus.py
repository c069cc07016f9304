"""Every damage of the corpus is noticed, by whom it says; good data pass."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from data_gate.corpus import CORPUS
from data_gate.damage import Damage, Harmless, Refused, Rule
from data_gate.good import (
    file_of,
    frame_of,
    images_of,
    ingest,
    suite_of,
    tables_of,
    whole_fashion,
    whole_weather_file,
)
from pedigree.data.description import describe
from pedigree.data.suite import Suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import Verdict, not_met
from pedigree.errors import RefusedError


def damaged_tables(damage: Damage) -> dict[str, pa.Table]:
    """Damage good data and bring them to where a suite is checked."""
    if damage.kind == "file":
        return ingest(damage.dataset, damage.apply(file_of(damage.dataset)))
    if damage.kind == "images":
        return tables_of(damage.apply(images_of(damage.dataset)))
    assert damage.kind == "table"
    frame = damage.apply(frame_of(damage.dataset))
    return {"all": pa.Table.from_pandas(frame, preserve_index=False)}


def named(rule: Rule, dataset: str) -> Suite:
    """The critical rules of a suite that a damage names."""
    suite = suite_of(dataset)
    rules = tuple(
        each
        for each in suite.rules
        if each.severity == "critical"
        and each.expectation == rule.expectation
        # A rule about the table names no column, though it may list them all.
        and tuple(each.columns) == (rule.columns or tuple(each.columns))
    )
    assert rules, f"{dataset} has no critical {rule}"
    return Suite(suite.name, rules, suite.derived)


def critical(verdict: Verdict) -> list[dict[str, Any]]:
    return [one for one in not_met(verdict) if one["severity"] == "critical"]


@pytest.mark.parametrize("damage", CORPUS, ids=str)
def test_a_damage_is_noticed(damage: Damage) -> None:
    expected = damage.noticed_by
    if isinstance(expected, Harmless):
        good = ingest(damage.dataset, file_of(damage.dataset))
        assert damage.apply(file_of(damage.dataset)) != file_of(damage.dataset)
        assert damaged_tables(damage) == good
    elif isinstance(expected, Refused):
        with pytest.raises(RefusedError) as caught:
            damaged_tables(damage)
        first, second = str(caught.value).splitlines()
        assert expected.words in first
        assert second
    else:
        suite = named(expected, damage.dataset)
        verdict = validate_tables(damage.dataset, suite, damaged_tables(damage))
        assert critical(verdict)
        assert verdict["success"] is False


def test_the_corpus_is_large_and_no_damage_stands_there_twice() -> None:
    names = Counter(map(str, CORPUS))
    assert max(names.values()) == 1
    assert len(names) >= 40


GOOD_DATA = {
    "weather_aus": lambda: ingest("weather_aus", file_of("weather_aus")),
    "all of weather_aus": lambda: ingest("weather_aus", whole_weather_file()),
    "breast_cancer": lambda: ingest("breast_cancer", file_of("breast_cancer")),
    "digits": lambda: tables_of(images_of("digits")),
    "fashion_mnist": lambda: tables_of(images_of("fashion_mnist")),
    "all of fashion_mnist": lambda: tables_of(whole_fashion()),
}


@pytest.mark.parametrize("name", GOOD_DATA)
def test_good_data_pass(name: str) -> None:
    dataset = name.removeprefix("all of ")
    verdict = validate_tables(dataset, suite_of(dataset), GOOD_DATA[name]())
    # The published data meet every expectation, a part of them those that are critical.
    part = name in ("weather_aus", "fashion_mnist")
    failed = critical(verdict) if part else not_met(verdict)
    assert [describe(one) for one in failed] == []
    assert verdict["success"] is True


def test_both_files_of_fashion_mnist_have_to_meet_the_same() -> None:
    one, other = suite_of("fashion_mnist"), suite_of("fashion_mnist_csv")
    assert one.rules == other.rules
