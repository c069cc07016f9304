"""Verdicts: equal ones have equal bytes, and only success lets anything pass."""

from pathlib import Path

import pytest

from pedigree.data.verdict import (
    not_met,
    read_verdict,
    require_success,
    write_verdict,
)
from pedigree.errors import RefusedError, WrongUseError


def result(severity: str = "critical", success: bool = True, **more: object) -> dict:
    return {
        "expectation": "expect_column_to_exist",
        "arguments": {"column": "a"},
        "severity": severity,
        "reason": "It was published.",
        "split": "all",
        "success": success,
        **more,
    }


def verdict(success: bool, *results: dict) -> dict:
    return {
        "dataset": "d",
        "suite": "s",
        "success": success,
        "rows": {"all": 2},
        "results": list(results),
    }


def test_equal_verdicts_have_equal_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "new" / "one.json", tmp_path / "other.json"
    content = verdict(True, result())
    write_verdict(one, content)
    write_verdict(other, dict(reversed(content.items())))
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes().endswith(b"}\n")
    assert read_verdict(one) == content


def test_success_lets_pass(tmp_path: Path) -> None:
    write_verdict(tmp_path / "d.json", verdict(True, result("warning", False)))
    require_success(tmp_path / "d.json")


def test_a_refusal_says_how_many_and_where_to_look(tmp_path: Path) -> None:
    failed = result(success=False)
    write_verdict(tmp_path / "d.json", verdict(False, failed, failed, result()))
    with pytest.raises(RefusedError) as caught:
        require_success(tmp_path / "d.json")
    assert str(caught.value).splitlines() == [
        "d must meet every critical expectation of s. Received: 2 not met",
        "Open reports/data/d/index.html, then correct the data or the suite.",
    ]


@pytest.mark.parametrize("text", [None, "{", "[]", "{}", '{"success": "yes"}'])
def test_what_is_no_verdict_lets_nothing_pass(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "weather.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(WrongUseError) as caught:
        require_success(path)
    rule, remedy = str(caught.value).splitlines()
    assert str(path) in rule
    assert remedy == "Run `dvc repro validate@weather`."


def test_critical_failures_come_first() -> None:
    found = not_met(
        verdict(False, result("warning", False), result(), result(success=False))
    )
    assert [one["severity"] for one in found] == ["critical", "warning"]
