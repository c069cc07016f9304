import pyarrow as pa
import pytest

from pedigree.data.transforms import labels
from pedigree.errors import RefusedError
from pedigree.params.features import Label


def label(
    values: tuple[int | str, ...] = ("No", "Yes"), missing: str = "drop"
) -> Label:
    names = tuple(map(str, values))
    return Label(column="y", values=values, classes=names, missing=missing)


def test_indices_are_in_the_order_of_the_values():
    table = pa.table({"y": ["Yes", None, "No"]})
    assert labels.encode(label(), table).tolist() == [1, labels.MISSING, 0]
    numbers = pa.table({"y": [2, 1, 2]})
    assert labels.encode(label((2, 1)), numbers).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("section", "column", "rule"),
    [
        (label(), ["No", "Maybe"], "must be one of 'No', 'Yes'. Received: 'Maybe'"),
        (label(missing="refuse"), ["No", None], "1 rows without"),
    ],
)
def test_a_wrong_label_is_refused(section, column, rule):
    with pytest.raises(RefusedError, match=rule):
        labels.encode(section, pa.table({"y": column}))


def test_a_table_without_the_label_is_refused():
    with pytest.raises(RefusedError, match="must have the column y, which is to be"):
        labels.encode(label(), pa.table({"a": [1]}))
