"""Results in words."""

import pytest

from pedigree.data.description import describe

NOT_NULL = "expect_column_values_to_not_be_null"
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
ORDERED = "expect_table_columns_to_match_ordered_list"


def result(
    expectation: str = "expect_column_values_to_be_between", **more: object
) -> dict:
    arguments = {"column": "a", "min_value": 0}
    return {"expectation": expectation, "arguments": arguments, "success": False} | more


@pytest.mark.parametrize(
    ("one", "about", "expected"),
    [
        (result(), "a", "column values to be between: min_value 0"),
        (
            result(NOT_NULL, arguments={"column": "a"}),
            "a",
            "column values to not be null",
        ),
        (
            result(
                PAIR,
                arguments={
                    "column_A": "high",
                    "column_B": "low",
                    "or_equal": True,
                    "ignore_row_if": "either_value_is_missing",
                },
            ),
            "high, low",
            "column pair values a to be greater than b: or_equal true",
        ),
        (
            result(ORDERED, arguments={"column_list": ["a", "b"]}),
            "the table",
            "table columns to match ordered list",
        ),
    ],
)
def test_what_is_expected(one: dict, about: str, expected: str) -> None:
    assert describe(one)[:2] == (about, expected)


def test_a_condition_is_written_as_a_comparison() -> None:
    condition = {
        "type": "comparison",
        "column": {"name": "label"},
        "operator": "==",
        "parameter": "x",
    }
    one = result(NOT_NULL, arguments={"column": "a", "row_condition": condition})
    assert describe(one).expected == 'column values to not be null where label == "x"'


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"error": "there is no column a"}, ["there is no column a"]),
        ({"observed": 53.94981702}, ["observed: 53.9498"]),
        ({}, ["nothing to observe"]),
        ({"success": True}, ["as expected"]),
        (
            {"absent": ["No"], "unexpected": [{"value": "x"}]},
            ['unexpected: "x"', 'not there: ["No"]'],
        ),
        (
            {
                "element_count": 9000,
                "unexpected_count": 1200,
                "unexpected": [{"row": row, "value": 0.5} for row in range(9)],
            },
            ["1,200 of 9,000 rows (13.3%)", "row 0: 0.5", "row 1: 0.5", "row 2: 0.5"],
        ),
        (
            {
                "element_count": 5,
                "unexpected_count": 5,
                "unexpected": [{"row": row, "value": None} for row in range(5)],
            },
            ["5 of 5 rows (100%)", "rows 0, 1, 2, ..."],
        ),
        (
            {"unexpected": [{"row": 3, "value": {"a": 1, "b": "x"}}]},
            ['row 3: [1, "x"]'],
        ),
        (
            {
                "observed": 0.25,
                "observed_partition": {"values": [0, 1], "weights": [0.9, 0.1]},
            },
            ["0: 0.9, 1: 0.1", "observed: 0.25"],
        ),
    ],
)
def test_what_was_found(more: dict, found: list[str]) -> None:
    assert list(describe(result(**more)).found) == found


@pytest.mark.parametrize(
    ("observed", "found"),
    [
        (["a", "c"], ['not there: ["b"]', 'unexpected: ["c"]']),
        (["a"], ['not there: ["b"]']),
        (["b", "a"], ['column 1 is "b" instead of "a"']),
        (["a", "b", "b"], ["3 columns instead of 2"]),
    ],
)
def test_columns_differ_in_what_is_said(observed: list, found: list[str]) -> None:
    one = result(ORDERED, arguments={"column_list": ["a", "b"]}, observed=observed)
    assert list(describe(one).found) == found


def test_no_line_is_endless() -> None:
    one = result(observed="x" * 1000, arguments={"column": "y" * 1000})
    assert max(map(len, [describe(one).about, *describe(one).found])) <= 100
