"""Every damage of the corpus is noticed, by whom it says; good data pass."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from data_gate.corpus import CORPUS
from data_gate.damage import Damage, Harmless, Refused, Rule
from data_gate.good import (
    file_of,
    frames_of,
    images_of,
    ingest,
    suite_of,
    tables_of,
    whole_fashion,
    whole_mnist,
    whole_weather_file,
)
from pedigree.data.description import describe
from pedigree.data.suite import Suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import Verdict, not_met
from pedigree.errors import RefusedError


def good_tables(dataset: str, kind: str) -> dict[str, pa.Table]:
    """What a dataset's damages of a kind are done to, where a suite is checked."""
    if kind == "file":
        return ingest(dataset, file_of(dataset))
    if kind == "images":
        return tables_of(images_of(dataset))
    return {
        split: pa.Table.from_pandas(frame, preserve_index=False)
        for split, frame in frames_of(dataset).items()
    }


def damaged_tables(damage: Damage) -> dict[str, pa.Table]:
    """Damage good data and bring them to where a suite is checked."""
    if damage.kind == "file":
        return ingest(damage.dataset, damage.apply(file_of(damage.dataset)))
    if damage.kind == "images":
        return tables_of(damage.apply(images_of(damage.dataset)))
    assert damage.kind == "table"
    return {
        split: pa.Table.from_pandas(damage.apply(frame), preserve_index=False)
        for split, frame in frames_of(damage.dataset).items()
    }


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


PUBLISHED = {
    "weather_aus": lambda: ingest("weather_aus", whole_weather_file()),
    "breast_cancer": lambda: good_tables("breast_cancer", "table"),
    "digits": lambda: good_tables("digits", "images"),
    "fashion_mnist": lambda: tables_of(whole_fashion()),
    "mnist": lambda: tables_of(whole_mnist()),
}


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_published_data_meet_every_expectation(dataset: str) -> None:
    verdict = validate_tables(dataset, suite_of(dataset), PUBLISHED[dataset]())
    assert [describe(one) for one in not_met(verdict)] == []
    assert verdict["success"] is True


GOOD = sorted({(each.dataset, each.kind) for each in CORPUS})


@pytest.mark.parametrize(("dataset", "kind"), GOOD)
def test_the_rules_that_notice_damages_let_good_data_pass(
    dataset: str, kind: str
) -> None:
    damages = [each for each in CORPUS if (each.dataset, each.kind) == (dataset, kind)]
    noticing = {each.noticed_by for each in damages}
    rules = {
        each.identity: each
        for rule in noticing
        if isinstance(rule, Rule)
        for each in named(rule, dataset).rules
    }
    suite = Suite(dataset, tuple(rules.values()), suite_of(dataset).derived)
    verdict = validate_tables(dataset, suite, good_tables(dataset, kind))
    assert [describe(one) for one in not_met(verdict)] == []


def test_both_files_of_fashion_mnist_have_to_meet_the_same() -> None:
    one, other = suite_of("fashion_mnist"), suite_of("fashion_mnist_csv")
    assert one.rules == other.rules
