"""Verdicts: equal ones have equal bytes, and only success lets anything pass."""

from pathlib import Path

import pytest

from pedigree.data.verdict import (
    hash_raw,
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


def test_only_what_was_found_is_written(tmp_path: Path) -> None:
    condition = {"type": "nullity", "column": {"name": "b"}, "is_null": True}
    found = {"element_count": 9, "unexpected_count": 1}
    met = result(arguments={"column": "a", "mostly": 0.5}, **found)
    failed = result(
        "warning", False, arguments={"max_value": 1, "row_condition": condition}
    )
    write_verdict(tmp_path / "d.json", verdict(True, met, failed))
    assert read_verdict(tmp_path / "d.json")["results"] == [
        {
            "expectation": "expect_column_to_exist",
            "arguments": {"column": "a"},
            "split": "all",
            "success": True,
            **found,
        },
        {
            "expectation": "expect_column_to_exist",
            "arguments": {"row_condition": condition},
            "severity": "warning",
            "split": "all",
            "success": False,
        },
    ]


def test_an_edited_suite_that_finds_the_same_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    before = [
        result(arguments={"column": "a", "max_value": 5}, element_count=9),
        result(arguments={"column": "a", "max_value": 6}, element_count=8),
    ]
    after = [
        result("warning", arguments={"column": "a", "max_value": 7}, element_count=8)
        | {"reason": "Another."},
        result(arguments={"column": "a", "max_value": 9}, element_count=9),
    ]
    write_verdict(tmp_path / "before.json", verdict(True, *before))
    write_verdict(tmp_path / "after.json", verdict(True, *after))
    assert (tmp_path / "before.json").read_bytes() == (
        tmp_path / "after.json"
    ).read_bytes()


def test_success_on_the_present_data_lets_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, data = Path("d.json"), Path("data/raw/d/all.parquet")
    data.parent.mkdir(parents=True)
    data.write_text("rows")
    passed = verdict(True, result("warning", False)) | {"data": hash_raw("d")}
    write_verdict(path, passed)
    require_success(path)
    data.write_text("other rows")
    with pytest.raises(RefusedError, match="must be about the present data"):
        require_success(path)


@pytest.mark.parametrize("data", [{}, {"data": {}}, {"data": None}])
def test_a_verdict_on_no_known_data_lets_nothing_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: dict
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = Path("data/raw/d/all.parquet")
    raw.parent.mkdir(parents=True)
    raw.write_text("rows")
    write_verdict(Path("d.json"), verdict(True) | data)
    with pytest.raises(RefusedError) as refused:
        require_success(Path("d.json"))
    assert str(refused.value).splitlines() == [
        "d.json must be about the present data. Received: data/raw/d has changed "
        "since, or did not pass",
        "Run `dvc repro validate@d`.",
    ]


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
