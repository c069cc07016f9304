"""Suites: what a file may say, and what the shipped ones find in damaged data."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from pedigree.catalogue.read import read_catalogue
from pedigree.data.suite import load_suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import Verdict, not_met
from pedigree.errors import WrongUseError

ROOT = Path(__file__).resolve().parents[2]
SUITES = sorted((ROOT / "expectations").glob("*.yaml"))
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data"))

Frame = pd.DataFrame
Images = tuple[np.ndarray, np.ndarray]


def check(suite: str, **splits: pa.Table) -> Verdict:
    return validate_tables(
        "damaged", load_suite(ROOT / f"expectations/{suite}.yaml"), splits
    )


def failed(verdict: Verdict, split: str | None = None) -> set[tuple[str, ...]]:
    """Name the expectations that were not met, and the column each is about."""
    return {
        (one["expectation"], *filter(None, [one["arguments"].get("column")]))
        for one in not_met(verdict)
        if split in (None, one["split"])
    }


# --- the file -----------------------------------------------------------------------


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_shipped_suite_loads(path: Path) -> None:
    suite = load_suite(path)
    assert suite.name == path.stem
    assert any(rule.severity == "critical" for rule in suite.rules)
    counted = {"expect_table_row_count_to_equal"}
    assert counted <= {rule.expectation for rule in suite.rules}


def test_all_datasets_have_a_suite() -> None:
    datasets = read_catalogue(ROOT / "catalogue").parameters.datasets
    assert {dataset.expectations for dataset in datasets.values()} <= {
        path.stem for path in SUITES
    }


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[..., Path]:
    """Writes suites of one expectation, changed by keywords; None takes a key out."""

    def write(**changes: object) -> Path:
        entry = {
            "expectation": "expect_column_values_to_be_between",
            "column": "a",
            "min_value": 0,
            "severity": "critical",
            "reason": "It was published.",
        } | changes
        entry = {key: value for key, value in entry.items() if value is not None}
        path = tmp_path / "bad.yaml"
        path.write_text(json.dumps({"expectations": [entry]}))
        return path

    return write


BETWEEN = "expect_column_values_to_be_between"


def quantiles(ranges: object = ((0, 2),)) -> dict[str, object]:
    return {
        "expectation": "expect_column_quantile_values_to_be_between",
        "quantile_ranges": {"quantiles": [0.5], "value_ranges": ranges},
        "min_value": None,
    }


@pytest.mark.parametrize(
    ("changes", "received", "remedy"),
    [
        (
            {"expectation": "expect_column_values_to_be_betwen"},
            'expectation="expect_column_values_to_be_betwen"',
            f"Did you mean {BETWEEN}?",
        ),
        ({"expectation": "unexpected_rows_expectation"}, "unexpected_rows", "Known: "),
        ({"expectation": "xyz"}, '"xyz"', "Known: expect_column_"),
        ({"min_valu": 1}, "min_valu=1", "Did you mean min_value?"),
        ({"meta": {}}, "meta={}", "Known: column, "),
        ({"min_value": "0"}, 'min_value="0"', "without quotes"),
        ({"min_value": True}, "min_value=true", "without quotes"),
        ({"min_value": "2009-13-01"}, 'min_value="2009-13-01"', "It takes: column, "),
        ({"min_value": "low"}, 'min_value="low"', "It takes: column, "),
        ({"min_value": {"$PARAMETER": "x"}}, "$PARAMETER", "without quotes"),
        ({"min_value": [0]}, "min_value=[0]", "It takes: "),
        ({"min_value": None}, f'expectation="{BETWEEN}"', "It takes: "),
        ({"min_value": 3, "max_value": 2}, "min_value=3", "max_value is 2"),
        ({"mostly": 1.5}, "mostly=1.5", "It takes: "),
        ({"mostly": "0.5"}, 'mostly="0.5"', "without quotes"),
        ({"column": 5}, "column=5", "It takes: "),
        ({"column": None}, "column=null", "It takes: "),
        ({"columns": ["a", "b"]}, 'columns=["a", "b"]', "Take out the one"),
        ({"row_condition": "a > 1"}, 'row_condition="a > 1"', "without quotes"),
        ({"row_condition": {"type": "equal"}}, 'row_condition={"type"', "It takes: "),
        (
            {
                "expectation": "expect_column_values_to_match_regex",
                "min_value": None,
                "regex": "([",
            },
            'regex="(["',
            "Correct the expression",
        ),
        (
            {"expectation": "expect_table_row_count_to_equal", "value": 7.5}
            | {"column": None, "min_value": None},
            "value=7.5",
            "without quotes",
        ),
        (
            quantiles(ranges=[["0", 2]]),
            'quantile_ranges={"quantiles": [0.5], "value_ranges": [["0", 2]]}',
            "without quotes",
        ),
        (
            quantiles() | {"quantile_ranges": {"quantiles": [0.5]}},
            'quantile_ranges={"quantiles": [0.5]}',
            "without quotes",
        ),
        ({"severity": "fatal"}, 'severity="fatal"', "Correct "),
        ({"severity": None}, "nothing in ", "Correct "),
        ({"reason": "two\nlines"}, "reason=", "Correct "),
        ({"reason": None}, "nothing in ", "Correct "),
        ({"split": "validation"}, 'split="validation"', "Correct "),
    ],
)
def test_a_wrong_entry_is_two_lines(
    write_suite: Callable[..., Path], changes: dict, received: str, remedy: str
) -> None:
    path = write_suite(**changes)
    with pytest.raises(WrongUseError) as caught:
        load_suite(path)
    first, second = str(caught.value).splitlines()
    assert "Received: " in first
    assert received in first
    assert str(path) in first
    assert remedy in second


def test_the_same_expectation_twice_is_refused(
    write_suite: Callable[..., Path],
) -> None:
    with pytest.raises(WrongUseError, match="once"):
        load_suite(write_suite(column=None, columns=["a", "a"]))


@pytest.mark.parametrize("text", [None, "", "expectations: []", "{", "- a", "other: 1"])
def test_what_is_no_suite_is_two_lines(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "bad.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(WrongUseError) as caught:
        load_suite(path)
    first, second = str(caught.value).splitlines()
    assert str(path) in first
    assert second


def test_columns_stand_for_one_expectation_each(
    write_suite: Callable[..., Path],
) -> None:
    rules = load_suite(write_suite(column=None, columns=["a", "b"])).rules
    assert [rule.arguments for rule in rules] == [
        {"column": "a", "min_value": 0},
        {"column": "b", "min_value": 0},
    ]


# --- the run ------------------------------------------------------------------------


def test_a_result_names_rows_and_values(write_suite: Callable[..., Path]) -> None:
    table = pa.table({"a": [1.0, -1.0, None, -2.0]})
    verdict = validate_tables("d", load_suite(write_suite()), {"all": table})
    (result,) = verdict["results"]
    assert verdict["success"] is False
    assert verdict["rows"] == {"all": 4}
    assert result["unexpected"] == [
        {"row": 1, "value": -1.0},
        {"row": 3, "value": -2.0},
    ]
    assert [
        result[f"{name}_count"] for name in ("element", "missing", "unexpected")
    ] == [
        4,
        1,
        2,
    ]


@pytest.mark.parametrize(("value", "success"), [(1, True), (3, False)])
def test_quantiles_are_checked(
    write_suite: Callable[..., Path], value: int, success: bool
) -> None:
    suite = load_suite(write_suite(**quantiles()))
    verdict = validate_tables("d", suite, {"all": pa.table({"a": [value]})})
    assert verdict["success"] is success
    json.dumps(verdict, allow_nan=False)


def test_a_warning_lets_pass(write_suite: Callable[..., Path]) -> None:
    suite = load_suite(write_suite(severity="warning"))
    verdict = validate_tables("d", suite, {"all": pa.table({"a": [-1]})})
    assert verdict["success"] is True
    assert len(not_met(verdict)) == 1


def test_the_same_data_gives_the_same_verdict(write_suite: Callable[..., Path]) -> None:
    suite = load_suite(write_suite())
    splits = {"all": pa.table({"a": np.arange(-50.0, 50.0)})}
    first, second = (json.dumps(validate_tables("d", suite, splits)) for _ in range(2))
    assert first == second
    assert len(json.loads(first)["results"][0]["unexpected"]) == 20


def test_a_rule_is_about_its_split(write_suite: Callable[..., Path]) -> None:
    suite = load_suite(write_suite(split="train"))
    good, bad = pa.table({"a": [1]}), pa.table({"a": [-1]})
    assert validate_tables("d", suite, {"train": good, "test": bad})["success"]
    assert not validate_tables("d", suite, {"train": bad, "test": good})["success"]


def test_a_missing_split_is_not_met(write_suite: Callable[..., Path]) -> None:
    suite = load_suite(write_suite(split="test"))
    verdict = validate_tables("d", suite, {"train": pa.table({"a": [1]})})
    assert verdict["success"] is False
    assert verdict["results"][0]["error"] == "the dataset has no split 'test'"


@pytest.mark.parametrize("values", [[], [None, None]], ids=["no rows", "all missing"])
def test_a_mean_of_nothing_is_not_met(
    write_suite: Callable[..., Path], values: list
) -> None:
    path = write_suite(expectation="expect_column_mean_to_be_between")
    table = pa.table({"a": pa.array(values, pa.float64())})
    verdict = validate_tables("d", load_suite(path), {"all": table})
    assert verdict["success"] is False
    json.dumps(verdict, allow_nan=False)


def test_a_missing_column_is_named_wherever_it_is_needed() -> None:
    suite = load_suite(ROOT / "expectations/breast_cancer.yaml")
    names = set(suite.rules[0].arguments["column_list"]) - {"mean_area"}
    table = pa.table({name: [1.0] for name in names})
    verdict = validate_tables("d", suite, {"all": table})
    errors = {one["error"] for one in not_met(verdict) if "error" in one}
    assert errors == {"there is no column mean_area"}


def test_a_derived_column_can_be_expected_of(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        """
        derived:
          Year: {column: Date, characters: 4}
          Tomorrow: {column: a, days_later: 1, date: Date, per: place}
        expectations:
          - {expectation: expect_column_values_to_be_in_set, column: Year,
             value_set: ["2012"], severity: critical, reason: One year.}
          - {expectation: expect_column_pair_values_to_be_equal, column_A: b,
             column_B: Tomorrow, ignore_row_if: either_value_is_missing,
             severity: critical, reason: It says what will be.}
        """
    )
    table = pa.table(
        {
            "Date": ["2012-02-28", "2012-02-29", "2013-03-01"],
            "place": ["x", "x", "x"],
            "a": [1, 2, 3],
            "b": [9, 9, 9],
        }
    )
    verdict = validate_tables("d", load_suite(path), {"all": table})
    assert [one["unexpected"] for one in verdict["results"]] == [
        [{"row": 0, "value": [9, 2]}],
        [{"row": 2, "value": "2013"}],
    ]


@pytest.mark.parametrize(
    "derived",
    [{}, {"column": "a"}, {"column": "a", "characters": 0}, {"days_later": 1}],
)
def test_a_wrong_derivation_is_two_lines(tmp_path: Path, derived: dict) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(json.dumps({"derived": {"new": derived}, "expectations": []}))
    with pytest.raises(WrongUseError) as caught:
        load_suite(path)
    first, _ = str(caught.value).splitlines()
    assert "derived.new" in first
    assert str(path) in first
