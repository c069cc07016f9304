"""Entries of a proposed suite, and entries of several columns put into one."""

from collections.abc import Iterable
from typing import Any, Literal

Entry = dict[str, Any]


def entry(
    expectation: str,
    column: str | None,
    severity: Literal["critical", "warning"],
    reason: str,
    **arguments: Any,
) -> Entry:
    """Make an entry in the order in which suites write it.

    Args:
        expectation: The library's name of it.
        column: The column it is about, if it is about one.
        severity: `critical` for what is structural, `warning` for a guess.
        reason: What was seen, on one line.
        **arguments: Arguments of the expectation; None leaves one out.
    """
    about = {} if column is None else {"column": column}
    given = {name: value for name, value in arguments.items() if value is not None}
    ending = {"severity": severity, "reason": reason}
    return {"expectation": expectation, **about, **given, **ending}


def together(entries: Iterable[Entry]) -> list[Entry]:
    """Put entries that differ in their column alone into one, where the first stood."""
    groups: dict[str, list[Entry]] = {}
    for each in entries:
        shared = {name: value for name, value in each.items() if name != "column"}
        groups.setdefault(repr(shared), []).append(each)
    return [_joined(group) for group in groups.values()]


def _joined(group: list[Entry]) -> Entry:
    if len(group) == 1:
        return group[0]
    columns = [each["column"] for each in group]
    return {
        ("columns" if name == "column" else name): (
            columns if name == "column" else value
        )
        for name, value in group[0].items()
    }
