"""The suite of a dataset, run on new data."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pedigree.data.derived import with_derived
from pedigree.data.statistics import frames_to_check
from pedigree.data.suite import Rule, Suite, load_suite
from pedigree.data.validation import make_verdict, run_suite
from pedigree.data.verdict import not_met

# What is expected of the published file as a whole, and not of its rows.
_OF_THE_FILE = ("expect_table_row_count_", "expect_table_column")

_NEW = "new"


class Expectations(NamedTuple):
    """What a suite says of new data.

    Attributes:
        suite: The name of the suite.
        checked: How many expectations were checked.
        left_out: How many were not, because they are about the published file, one of
            its splits, or labels that are not there.
        failed: The results of those that were not met, the critical ones first.
    """

    suite: str
    checked: int
    left_out: int
    failed: list[dict[str, Any]]

    @property
    def critical(self) -> int:
        """How many critical expectations were not met."""
        return sum(each["severity"] == "critical" for each in self.failed)


def check_expectations(
    suite: str, dataset: str, table: pa.Table, unknown: str | None
) -> Expectations:
    """Run a suite of `expectations/` on new data.

    Args:
        suite: Its name.
        dataset: The name of the dataset.
        table: Raw rows.
        unknown: The column that new data do not have, if there is one.

    Raises:
        WrongUseError: If there is no such suite, or it is malformed.
    """
    whole = load_suite(Path("expectations", f"{suite}.yaml"))
    rules = tuple(
        replace(rule, split=None) for rule in whole.rules if _applies(rule, unknown)
    )
    part = Suite(whole.name, rules, whole.derived)
    frames = with_derived(frames_to_check({_NEW: table}), part.derived)
    left_out = len(whole.rules) - len(rules)
    if not rules:
        return Expectations(suite, 0, left_out, [])
    verdict = make_verdict(dataset, part, frames, run_suite(part, frames))
    return Expectations(suite, len(rules), left_out, not_met(verdict))


def _applies(rule: Rule, unknown: str | None) -> bool:
    if rule.split not in (None, "all") or rule.expectation.startswith(_OF_THE_FILE):
        return False
    about = [*rule.columns, *_named(rule.arguments.get("row_condition"))]
    return unknown not in about


def _named(condition: Any) -> list[str]:
    """List the columns that a condition on rows names."""
    if isinstance(condition, dict):
        own = condition.get("column")
        names = [own["name"]] if isinstance(own, dict) and "name" in own else []
        return names + [name for each in condition.values() for name in _named(each)]
    if isinstance(condition, list):
        return [name for each in condition for name in _named(each)]
    return []
