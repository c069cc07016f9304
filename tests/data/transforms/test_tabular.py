import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.data.transforms import tabular
from pedigree.errors import RefusedError
from pedigree.params.features import TabularTransform

LABEL = {"column": "y", "values": ("no", "yes"), "classes": ("no", "yes")}


def parameters(**parts: object) -> TabularTransform:
    label = {**LABEL, "missing": "drop"}
    section = {"kind": "tabular", "label": label, "fit": "train", **parts}
    return TabularTransform.model_validate(section)


def numeric(*columns: str, **changes: object) -> dict:
    section = {"columns": columns, "fill": "mean", "scale": "none"}
    return {**section, "flag_missing": False, **changes}


def fit(table: pa.Table, rows: int | None = None, **parts: object) -> tabular.Fitted:
    rows = len(table) if rows is None else rows
    return tabular.fit(parameters(**parts), table, np.arange(rows))


def test_statistics_are_of_the_training_rows_or_of_all_that_have_a_label():
    table = pa.table({"a": [1.0, 3.0, None, 8.0, 99.0], "y": ["no"] * 4 + [None]})
    gap = table.slice(2, 1)
    assert fit(table, 2, numeric=numeric("a")).apply(gap) == 2.0
    assert fit(table, 2, numeric=numeric("a"), fit="all").apply(gap) == 4.0


def test_a_median_a_scale_and_a_flag():
    table = pa.table({"a": [1, 2, None, 9], "b": [1, 2, 3, 4], "y": ["no"] * 4})
    section = numeric("a", "b", fill="median", scale="standard", flag_missing=True)
    fitted = fit(table, numeric=section)
    assert fitted.feature_names == (
        "numeric__a",
        "numeric__b",
        "missing__missingindicator_a",
    )
    x = fitted.apply(table)
    np.testing.assert_allclose(x[:, :2].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(x[:, :2].std(axis=0), 1, atol=1e-6)
    np.testing.assert_array_equal(x[:, 2], [0, 0, 1, 0])
    np.testing.assert_allclose(x[2, 0], x[1, 0])  # 2 is the median


def test_missing_and_unknown_texts():
    table = pa.table({"t": ["a", None, "b"], "y": ["no"] * 3})
    fitted = fit(table, categorical={"columns": ("t",)})
    np.testing.assert_array_equal(
        fitted.apply(table), [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    )
    np.testing.assert_array_equal(fitted.apply(pa.table({"t": ["c"]})), [[0, 0, 0]])


def test_whole_numbers_can_be_categories():
    table = pa.table({"t": [7, None, 8], "y": ["no"] * 3})
    fitted = fit(table, categorical={"columns": ("t",)})
    assert fitted.apply(table).shape == (3, 3)


def test_parts_of_dates():
    table = pa.table({"d": ["2009-12-31", "2010-07-02"], "y": ["no"] * 2})
    dates = {"columns": ("d",), "parts": ("year", "month", "day", "season", "days")}
    parts = tabular._date_parts(parameters(dates=dates).dates, table)
    assert parts["d_year"].tolist() == [2009, 2010]
    assert parts["d_days"].tolist() == [14_609, 14_792]
    assert parts["d_month_sin"][1] == pytest.approx(math.sin(2 * math.pi * 7 / 12))
    assert parts["d_day_cos"][0] == pytest.approx(1)
    turn = 2 * math.pi * 183 / 365.25
    assert parts["d_season_cos"][1] == pytest.approx(math.cos(turn))
    fitted = fit(table, dates=dates)
    assert fitted.feature_names == tuple(f"dates__{name}" for name in parts)


def test_a_column_without_a_value_is_filled_with_zeros():
    table = pa.table({"a": pa.array([None, None], pa.string()), "y": ["no"] * 2})
    fitted = fit(table, numeric=numeric("a"))
    np.testing.assert_array_equal(fitted.apply(table), [[0], [0]])


@given(
    st.fixed_dictionaries(
        {
            "a": st.none() | st.floats(-1e9, 1e9) | st.just(math.nan),
            "t": st.none() | st.text(),
            "d": st.none() | st.dates().map(str),
        }
    )
)
def test_any_row_gives_finite_features(row):
    table = pa.table({"a": [1.0, 2.0], "t": ["x", "y"], "d": ["2009-12-31"] * 2})
    parts = {
        "numeric": numeric("a", scale="standard", flag_missing=True),
        "categorical": {"columns": ("t",)},
        "dates": {"columns": ("d",), "parts": ("year", "season")},
    }
    fitted = fit(table, **parts)
    x = fitted.apply(pa.Table.from_pylist([row]))
    assert x.shape == (1, *fitted.input_shape)
    assert np.isfinite(x).all()


@pytest.mark.parametrize(
    ("column", "parts", "rule"),
    [
        (["x"], {"numeric": numeric("a")}, "must hold numbers"),
        ([math.inf], {"numeric": numeric("a")}, "must hold finite numbers"),
        ([0.5], {"categorical": {"columns": ("a",)}}, "texts or whole numbers"),
        (["31/12/2009"], {"dates": {"columns": ("a",), "parts": ("year",)}}, "ISO"),
        ([1], {"numeric": numeric("b")}, "must have the column b"),
    ],
)
def test_a_wrong_column_is_refused_in_two_lines(column, parts, rule):
    table = pa.table({"a": column, "y": ["no"]})
    with pytest.raises(RefusedError, match=rule) as error:
        fit(table, **parts)
    assert len(str(error.value).splitlines()) == 2
