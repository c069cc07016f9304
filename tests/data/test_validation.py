"""Running suites: what the library is told, and what becomes of its answers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pedigree.data.suite import Rule, Suite, load_suite
from pedigree.data.validation import make_verdict, run_suite

ROOT = Path(__file__).resolve().parents[2]
SUITES = sorted((ROOT / "expectations").glob("*.yaml"))


def rule(expectation: str, **arguments: object) -> Rule:
    return Rule(expectation, arguments, "critical", "It was published.", None)


def results(frame: pd.DataFrame, *rules: Rule) -> list[dict[str, Any]]:
    """The results of rules, in the order of the rules."""
    suite, frames = Suite("any", rules), {"all": frame}
    verdict = make_verdict("any", suite, frames, run_suite(suite, frames))
    found = [(one["expectation"], one["arguments"]) for one in verdict["results"]]
    wanted = [(rule.expectation, dict(rule.arguments)) for rule in rules]
    return [verdict["results"][found.index(one)] for one in wanted]


def test_columns_whose_names_differ_in_case_are_told_apart() -> None:
    frame = pd.DataFrame({"t": [1, 2], "T": [100, 300]})
    found = results(
        frame,
        rule("expect_column_values_to_be_between", column="t", max_value=50),
        rule("expect_column_values_to_be_between", column="T", max_value=50),
        rule("expect_column_mean_to_be_between", column="T", max_value=50),
        rule(
            "expect_column_pair_values_a_to_be_greater_than_b",
            column_A="T",
            column_B="t",
        ),
        rule("expect_column_distinct_values_to_be_in_set", column="t", value_set=[1]),
    )
    assert [one["success"] for one in found] == [True, False, False, True, False]
    assert found[1]["unexpected"] == [
        {"row": 0, "value": 100},
        {"row": 1, "value": 300},
    ]
    assert found[2]["observed"] == 200


def test_a_column_that_has_to_be_there_is_named_where_it_is_not() -> None:
    missing = rule("expect_column_to_exist", column="T")
    there = rule("expect_column_to_exist", column="t")
    found = results(pd.DataFrame({"t": [1]}), missing, there)
    assert found[0]["error"] == "there is no column T"
    assert found[1]["success"] is True


def test_no_expectation_takes_a_column_renamed_in_case_for_its_own() -> None:
    rules = {
        rule.expectation: replace(rule, split=None)
        for path in SUITES
        for rule in load_suite(path).rules
        if rule.columns and "row_condition" not in rule.arguments
    }
    names = {name for rule in rules.values() for name in rule.columns}
    frame = pd.DataFrame({name.swapcase(): [1.0] for name in names})
    for one in results(frame, *rules.values()):
        assert one["success"] is False, one
        at_table = one["expectation"].startswith("expect_table_")
        assert at_table or one["error"].startswith("there is no column "), one
