"""Columns that a suite derives from those of a table."""

import pandas as pd
import pytest

from pedigree.data.derived import Beginning, OnAnotherDay, with_derived

FRAME = pd.DataFrame(
    {
        "day": ["2012-02-28", "2012-02-29", "2012-03-01", "2012-02-29", None, "soon"],
        "place": ["a", "a", "a", "b", "a", "a"],
        "rain": ["No", "Yes", None, "No", "No", "Yes"],
    }
)
NEXT = OnAnotherDay(column="rain", days_later=1, date="day", per="place")


def derive(frame: pd.DataFrame, derivation: Beginning | OnAnotherDay) -> list:
    derived = with_derived({"all": frame}, {"new": derivation})["all"]
    assert derived.columns.tolist() == [*frame.columns, "new"]
    new = derived["new"].astype(object)
    return new.where(new.notna(), None).tolist()


def test_the_beginning_of_a_text() -> None:
    beginning = Beginning(column="day", characters=7)
    months = ["2012-02", "2012-02", "2012-03", "2012-02", None, "soon"]
    assert derive(FRAME, beginning) == months


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (1, ["Yes", None, None, None, None, None]),
        (-1, [None, "No", "Yes", None, None, None]),
        (0, ["No", "Yes", None, "No", None, None]),
    ],
)
def test_another_day_at_the_same_place(days: int, expected: list) -> None:
    other_day = NEXT.model_copy(update={"days_later": days})
    assert derive(FRAME, other_day) == expected


def test_the_order_of_rows_does_not_count() -> None:
    turned = FRAME.iloc[::-1]
    assert derive(turned, NEXT) == derive(FRAME, NEXT)[::-1]


def test_of_a_day_that_is_there_twice_the_first_counts() -> None:
    twice = pd.concat([FRAME, FRAME.assign(rain="?")], ignore_index=True)
    assert derive(twice, NEXT)[:6] == derive(FRAME, NEXT)


def test_numbers_are_no_dates() -> None:
    assert derive(FRAME.assign(day=40000), NEXT) == [None] * 6


@pytest.mark.parametrize("column", FRAME.columns)
def test_without_its_sources_nothing_is_derived(column: str) -> None:
    frame = FRAME.drop(columns=column)
    derived = with_derived({"all": frame}, {"new": NEXT})["all"]
    assert "new" not in derived.columns
