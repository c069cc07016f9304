"""Proposed suites: they load, the data they were made from passes, damage does not."""

import os
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits

from pedigree.data.formats import csv
from pedigree.data.profile.bounds import bounds, natural_limits, share_below
from pedigree.data.profile.orders import orders
from pedigree.data.profile.suite import propose_suite
from pedigree.data.raw import table_of_images
from pedigree.data.statistics import frames_to_check
from pedigree.data.suite import load_suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import Verdict, not_met
from pedigree.errors import WrongUseError
from pedigree.params.datasets import CsvTable, Files

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data"))

Tables = dict[str, pa.Table]


def checked(text: str, tables: Tables, folder: Path) -> Verdict:
    path = folder / "proposed.yaml"
    path.write_text(text, "utf-8")
    return validate_tables("any", load_suite(path), tables)


def failed(verdict: Verdict, severity: str | None = None) -> set[tuple[str, ...]]:
    return {
        (one["expectation"], *filter(None, [one["arguments"].get("column")]))
        for one in not_met(verdict)
        if severity in (None, one["severity"])
    }


# --- any data -----------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = [
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.int64(), st.integers(0, 3)),
    (pa.float64(), st.floats(allow_nan=False)),
    (pa.float64(), st.floats(-1e6, 1e6)),
    (pa.string(), st.text(st.characters(exclude_categories=["Cs"]), max_size=9)),
    (pa.string(), st.sampled_from(["No", "Yes", "null", "1", "a: b", "x, y"])),
    (pa.string(), st.dates().map(str)),
    (pa.bool_(), st.booleans()),
    (pa.timestamp("us"), st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))),
    (pa.list_(pa.int32()), st.lists(st.integers(0, 9), max_size=3)),
    (pa.dictionary(pa.int32(), pa.string()), st.sampled_from("ab")),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Tables, str | None]:
    """Splits with the same columns, some of whose values are missing, and a label."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    columns = {name: draw(st.sampled_from(VALUES)) for name in names}
    splits = draw(st.sampled_from([("all",), ("train", "test")]))
    made = {}
    for split in splits:
        rows = draw(st.integers(0, 40))
        repeated = draw(st.integers(1, 20))
        made[split] = pa.table(
            {
                name: pa.array(
                    draw(
                        st.lists(
                            draw(st.sampled_from([value, st.none() | value])),
                            min_size=rows,
                            max_size=rows,
                        )
                    )
                    * repeated,
                    of_type,
                )
                for name, (of_type, value) in columns.items()
            }
        )
    return made, draw(st.none() | st.sampled_from(names))


@given(tables())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_data_passes_what_it_was_made_from(
    tmp_path: Path, drawn: tuple[Tables, str | None]
) -> None:
    splits, label = drawn
    text = propose_suite("any", splits, label)
    assert text == propose_suite("any", splits, label)
    verdict = checked(text, splits, tmp_path)
    assert not_met(verdict) == []


# --- the shipped data ---------------------------------------------------------------


@cache
def breast_cancer() -> Tables:
    loaded = load_breast_cancer(as_frame=True)
    return {"all": pa.Table.from_pandas(loaded.frame, preserve_index=False)}


@cache
def digits() -> Tables:
    loaded = load_digits()
    images = loaded.images.astype(np.uint8)
    first = table_of_images(images[:1000], loaded.target[:1000])
    return {
        "train": first,
        "test": table_of_images(images[1000:], loaded.target[1000:]),
    }


@cache
def weather() -> Tables:
    folder = MIRROR / "weather_aus"
    if not folder.is_dir():
        pytest.skip("the weather data is not in the mirror")
    files = Files(all="weatherAUS.csv")
    return csv.read(CsvTable(format="csv", files=files, missing=("NA",)), folder)


def replaced(
    tables: Tables, name: str, change: Callable[[np.ndarray], object]
) -> Tables:
    (split, table), *_ = tables.items()
    position = table.column_names.index(name)
    column = pa.array(change(table[name].to_numpy(zero_copy_only=False)))
    return tables | {split: table.set_column(position, name, column)}


def renamed(tables: Tables, name: str) -> Tables:
    return {
        split: table.rename_columns(
            ["another" if each == name else each for each in table.column_names]
        )
        for split, table in tables.items()
    }


BETWEEN = "expect_column_values_to_be_between"
QUANTILES = "expect_column_quantile_values_to_be_between"


@pytest.mark.parametrize(
    ("data", "label", "columns"),
    [
        (breast_cancer, "target", ("worst area", "mean concavity", "mean radius")),
        (weather, "RainTomorrow", ("Pressure3pm", "WindGustSpeed", "Sunshine")),
    ],
)
def test_damage_of_a_table_is_caught(
    data: Callable[[], Tables],
    label: str,
    columns: tuple[str, str, str],
    tmp_path: Path,
) -> None:
    tables, (larger, smaller, lost) = data(), columns
    text = propose_suite("any", tables, label)
    assert not_met(checked(text, tables, tmp_path)) == []
    damaged = replaced(tables, larger, lambda numbers: numbers * 10)
    damaged = replaced(damaged, smaller, lambda numbers: numbers / 10)  # in its range
    damaged = replaced(damaged, label, lambda labels: labels[:1].repeat(len(labels)))
    verdict = checked(text, renamed(damaged, lost), tmp_path)
    found = failed(verdict)
    assert {(BETWEEN, larger), (QUANTILES, smaller)} <= found
    assert (BETWEEN, smaller) not in found
    assert failed(verdict, "critical") >= {
        ("expect_table_columns_to_match_ordered_list",),
        ("expect_column_distinct_values_to_equal_set", label),
    }


def test_damage_of_images_is_caught(tmp_path: Path) -> None:
    tables = digits()
    text = propose_suite("any", tables, "label")
    assert "expect_table_columns" not in text
    assert not_met(checked(text, tables, tmp_path)) == []
    table = tables["train"]
    images = np.stack(
        [np.frombuffer(one, np.uint8) for one in table["image"].to_pylist()]
    )
    inverted = table_of_images(
        (16 - images).reshape(-1, 8, 8), np.asarray(table["label"])
    )
    found = failed(checked(text, tables | {"train": inverted}, tmp_path))
    assert {(QUANTILES, "mean"), (QUANTILES, "blank")} <= found
    leaked = tables | {"test": pa.concat_tables([tables["test"], table.slice(0, 1)])}
    assert ("expect_column_values_to_be_in_set", "in_earlier_split") in failed(
        checked(text, leaked, tmp_path)
    )


# --- what is proposed ---------------------------------------------------------------


def proposed(columns: dict[str, object], label: str | None = None) -> str:
    return propose_suite("any", {"all": pa.table(columns)}, label)


def test_a_day_and_a_name_are_a_key() -> None:
    days = [f"2020-01-{day:02d}" for day in range(1, 31)]
    text = proposed({"day": days * 2, "place": ["a"] * 30 + ["b"] * 30})
    assert "column_list: [day, place]" in text
    assert "regex: ^(?:2020)-" in text
    assert "reason: Seen 2020-01-01 to 2020-01-30." in text


def test_names_of_rows_have_no_range() -> None:
    text = proposed({"id": range(1, 101), "x": [5] * 100})
    assert "expect_column_values_to_be_unique\n    column: id" in text
    assert BETWEEN not in text


def test_a_day_of_its_own_names_a_row() -> None:
    days = [f"2020-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in range(60)]
    text = proposed({"day": days, "x": [0.5, 1.5] * 30})
    assert "expect_column_values_to_be_unique\n    column: day" in text
    assert "expect_compound_columns" not in text


def test_a_word_for_what_is_missing_is_asked_about() -> None:
    text = proposed({"x": ["1.5", "n/a", "2", "7"] * 10, "y": ["a", "b"] * 20})
    assert 'Seen texts, 75 per cent of them numbers; is "n/a" one that' in text
    assert "reason: Seen texts.\n" in text


def test_a_quantity_has_no_classes() -> None:
    prices = np.random.default_rng(0).normal(100, 10, 500)
    assert "the label" not in proposed({"price": prices}, label="price")


def test_an_order_needs_evidence() -> None:
    generator = np.random.default_rng(0)
    low = generator.normal(10, 3, 300)
    columns = {
        "low": low,
        "high": low + generator.exponential(3, 300),
        "highest": low + 20 + generator.exponential(3, 300),  # above low by its range
        "same": low,
        "noise": generator.normal(10, 3, 300),
    }
    frame = frames_to_check({"all": pa.table(columns)})["all"]
    assert orders([frame], list(columns)) == [("low", "same"), ("same", "high")]
    assert orders([frame[:99]], list(columns)) == []
    assert orders([frame], []) == []


def test_a_label_that_is_not_there() -> None:
    with pytest.raises(WrongUseError, match="Received: 'traget'\nClose to it: target"):
        propose_suite("any", breast_cancer(), "traget")


@pytest.mark.parametrize(
    ("seen", "margin", "expected"),
    [
        ((-8.5, 33.9), 4.24, (-13, 39)),
        ((0.053, 0.163), 0.011, (0.042, 0.174)),
        ((0, 371), 37.1, (0, 410)),
        ((0, 100), 10, (0, 100)),
        ((0.0, 1.0), 0.1, (0, 1)),
        ((0.05, 0.93), 0.09, (0, 1)),
        ((-5.0, -1.0), 2, (-7, 0)),
        ((3.0, 3.0), 0, (3, 3)),
        ((-1.7e308, 1.7e308), 1.7e308, (None, None)),
    ],
)
def test_bounds(
    seen: tuple[float, float], margin: float, expected: tuple[float, float]
) -> None:
    assert bounds(*seen, margin, natural_limits(*seen)) == expected


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_share_is_lowered(share: float, room: float) -> None:
    assert 0 <= share_below(share, room) <= share
