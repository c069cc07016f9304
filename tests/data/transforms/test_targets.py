import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pedigree.data.transforms import tabular
from pedigree.data.transforms.targets import read_targets
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.features import TabularTransform, Transform
from pedigree.sections import parse

NUMERIC = {"columns": ["a"], "fill": "mean", "scale": "none", "flag_missing": False}
LABEL = {"column": "y", "values": ["no", "yes"], "classes": ["No", "Yes"]}


def transform(missing: str = "drop", **changes: object) -> TabularTransform:
    section = {"kind": "tabular", "fit": "train", "numeric": NUMERIC}
    section["target"] = {"column": "y", "missing": missing}
    return parse(Transform, section | changes, "params.yaml")


@given(st.lists(st.none() | st.floats(width=32, allow_infinity=False), min_size=1))
def test_numbers_are_those_of_the_column(values):
    table = pa.table({"y": pa.array(values, pa.float64())})
    targets = read_targets(transform(), table)
    assert (targets.column, targets.classes) == ("y", None)
    expected = [math.nan if value is None else value for value in values]
    np.testing.assert_array_equal(targets.values, np.array(expected, np.float32))
    assert targets.values.dtype == np.float32
    has_one = [n for n, value in enumerate(expected) if not math.isnan(value)]
    assert targets.known.tolist() == has_one
    assert targets.count_classes(targets.known) == ()


@pytest.mark.parametrize(
    "column",
    [pa.array([3, 1], pa.int64()), pa.array([Decimal(3), Decimal(1)]), ["3", "1"]],
)
def test_any_column_of_numbers_will_do(column):
    assert read_targets(transform(), pa.table({"y": column})).values.tolist() == [3, 1]


def test_a_label_gives_classes():
    section = transform(target=None, label=LABEL | {"missing": "drop"})
    table = pa.table({"y": ["yes", None, "no", "yes"]})
    targets = read_targets(section, table)
    assert (targets.column, targets.classes) == ("y", ("No", "Yes"))
    assert targets.known.tolist() == [0, 2, 3]
    assert targets.values[targets.known].tolist() == [1, 0, 1]
    assert targets.count_classes(np.array([0, 3])) == (0, 2)


@pytest.mark.parametrize(
    ("column", "missing", "rule"),
    [
        ([1.0, None, None], "refuse", "number in y. Received: 2 rows without"),
        ([1.0, math.nan], "refuse", "number in y. Received: 1 rows without"),
        (["12", "warm"], "drop", "y must hold numbers. Received: .*warm"),
        ([[12.0]], "drop", "y must hold numbers. Received: .*list"),
        ([1.0, math.inf], "drop", "must hold finite.*Received: others in 1 rows"),
        ([1e300, -1e300], "drop", "must hold finite.*Received: others in 2 rows"),
    ],
)
def test_a_wrong_target_is_refused(column, missing, rule):
    with pytest.raises(RefusedError, match=rule) as caught:
        read_targets(transform(missing), pa.table({"y": column}))
    assert len(str(caught.value).splitlines()) == 2


def test_a_table_without_the_target_is_refused():
    with pytest.raises(RefusedError, match="must have the column y"):
        read_targets(transform(), pa.table({"a": [1]}))


@pytest.mark.parametrize(
    "changes", [{"target": None}, {"label": LABEL | {"missing": "drop"}}]
)
def test_a_table_has_either_a_label_or_a_target(changes):
    with pytest.raises(WrongUseError, match="either a label or a target"):
        transform(**changes)


def test_statistics_of_all_rows_are_of_those_that_have_a_number():
    table = pa.table({"a": [1.0, 3.0, None, 8.0, 99.0], "y": [0.5] * 4 + [None]})
    gap = table.slice(2, 1)
    for fit, mean in (("train", 2), ("all", 4)):
        fitted = tabular.fit(transform(fit=fit), table, np.arange(2))
        assert fitted.apply(gap) == mean


def test_a_model_takes_all_columns_but_the_target(tmp_path):
    table = pa.table({"a": [1.0, None], "y": [0.5, 1.5]})
    (column,) = tabular.describe_columns(transform(), table)
    assert (column.name, column.nullable) == ("a", True)
    fitted = tabular.fit(transform(), table, np.arange(2))
    fitted.save(tmp_path)
    assert tabular.load(tmp_path).parameters == transform()
    assert TypeAdapter(TabularTransform).dump_python(transform())["label"] is None
