"""Suites: what a file may say, and what the shipped ones find in damaged data."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from pedigree.data.raw import table_of_images
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
    assert {path.stem for path in SUITES} >= {
        "breast_cancer",
        "digits",
        "fashion_mnist",
        "fashion_mnist_csv",
        "weather_aus",
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


# --- digits: images -----------------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> Images:
    loaded = load_digits()
    return loaded.images.astype(np.uint8), loaded.target


def test_digits_pass(digits: Images) -> None:
    verdict = check("digits", all=table_of_images(*digits))
    assert failed(verdict) == set()
    assert verdict["success"] is True


def blacken(images: np.ndarray, labels: np.ndarray) -> Images:
    images[100] = 0
    return images, labels


def repeat(images: np.ndarray, labels: np.ndarray) -> Images:
    images[:20], labels[:20] = images[20:40], labels[20:40]
    return images, labels


IMAGE_DAMAGES = {
    "a black image": (blacken, ("expect_column_values_to_be_between", "maximum")),
    "inverted images": (
        lambda images, labels: (16 - images, labels),
        ("expect_column_mean_to_be_between", "mean"),
    ),
    "another scale": (
        lambda images, labels: (images * 15, labels),
        ("expect_column_values_to_be_between", "maximum"),
    ),
    "another size": (
        lambda images, labels: (images[:, :7], labels),
        ("expect_column_values_to_be_in_set", "height"),
    ),
    "repeated images": (repeat, ("expect_column_values_to_be_unique", "content")),
    "a missing class": (
        lambda images, labels: (images[labels != 9], labels[labels != 9]),
        ("expect_column_distinct_values_to_equal_set", "label"),
    ),
    "an unknown class": (
        lambda images, labels: (images, np.where(np.arange(1797) == 5, 10, labels)),
        ("expect_column_distinct_values_to_equal_set", "label"),
    ),
    "shifted labels": (
        lambda images, labels: (images, (labels + 1) % 10),
        ("expect_column_mean_to_be_between", "blank"),
    ),
    "shuffled labels": (
        lambda images, labels: (images, np.random.default_rng(0).permutation(labels)),
        ("expect_column_mean_to_be_between", "blank"),
    ),
    "a rare class": (
        lambda images, labels: (images, np.where(labels == 7, 1, labels)),
        ("expect_column_kl_divergence_to_be_less_than", "label"),
    ),
    "a lost image": (
        lambda images, labels: (images[1:], labels[1:]),
        ("expect_table_row_count_to_equal",),
    ),
}


@pytest.mark.parametrize("name", IMAGE_DAMAGES)
def test_damaged_images_fail_the_rule(digits: Images, name: str) -> None:
    damage, rule = IMAGE_DAMAGES[name]
    images, labels = digits
    verdict = check(
        "digits", all=table_of_images(*damage(images.copy(), labels.copy()))
    )
    assert rule in failed(verdict)
    assert verdict["success"] is (name == "repeated images")


def test_an_empty_table_of_images_fails(digits: Images) -> None:
    verdict = check("digits", all=table_of_images(*digits).slice(0, 0))
    assert ("expect_table_row_count_to_equal",) in failed(verdict)
    assert verdict["success"] is False


def test_a_truncated_image_fails(digits: Images) -> None:
    table = table_of_images(*digits)
    images = table["image"].to_pylist()
    images[3] = images[3][:-1]
    table = table.set_column(0, "image", pa.array(images, pa.binary()))
    assert failed(check("digits", all=table)) == {
        ("expect_column_values_to_be_in_set", "bytes")
    }


# --- breast cancer: a table ---------------------------------------------------------


@pytest.fixture(scope="module")
def patients() -> Frame:
    loaded = load_breast_cancer()
    rules = load_suite(ROOT / "expectations/breast_cancer.yaml").rules
    frame = pd.DataFrame(loaded.data, columns=rules[0].arguments["column_list"][:-1])
    return frame.assign(target=loaded.target)


def test_breast_cancer_passes(patients: Frame) -> None:
    verdict = check("breast_cancer", all=pa.Table.from_pandas(patients))
    assert failed(verdict) == set()
    assert verdict["success"] is True


def put(row: int, column: str, value: object) -> Callable[[Frame], Frame]:
    def damage(frame: Frame) -> Frame:
        changed = frame.copy()
        if isinstance(value, str):
            changed[column] = changed[column].astype(str)
        changed.loc[row, column] = value
        return changed

    return damage


TABLE_DAMAGES = {
    "a missing column": (
        lambda frame: frame.drop(columns="mean_area"),
        ("expect_table_columns_to_match_ordered_list",),
    ),
    "columns in another order": (
        lambda frame: frame[frame.columns[::-1]],
        ("expect_table_columns_to_match_ordered_list",),
    ),
    "an empty table": (
        lambda frame: frame.iloc[:0],
        ("expect_table_row_count_to_equal",),
    ),
    "text in numbers": (
        put(7, "mean_area", "large"),
        ("expect_column_values_to_be_in_type_list", "mean_area"),
    ),
    "a gap": (
        put(7, "mean_area", None),
        ("expect_column_values_to_not_be_null", "mean_area"),
    ),
    "a value out of range": (
        put(7, "worst_texture", 61.0),
        ("expect_column_values_to_be_between", "worst_texture"),
    ),
    "a worst below the mean": (
        put(7, "worst_radius", 5.0),
        ("expect_column_pair_values_a_to_be_greater_than_b",),
    ),
    "repeated rows": (
        lambda frame: pd.concat([frame.iloc[:-1], frame.iloc[:1]]),
        ("expect_compound_columns_to_be_unique",),
    ),
    "a missing class": (
        lambda frame: frame[frame["target"] == 1],
        ("expect_column_distinct_values_to_equal_set", "target"),
    ),
    "exchanged labels": (
        lambda frame: frame.assign(target=1 - frame["target"]),
        ("expect_column_mean_to_be_between", "mean_radius"),
    ),
}


@pytest.mark.parametrize("name", TABLE_DAMAGES)
def test_a_damaged_table_fails_the_rule(patients: Frame, name: str) -> None:
    damage, rule = TABLE_DAMAGES[name]
    table = pa.Table.from_pandas(damage(patients), preserve_index=False)
    verdict = check("breast_cancer", all=table)
    assert rule in failed(verdict)
    assert verdict["success"] is False
    json.dumps(verdict, allow_nan=False)


def test_a_missing_column_is_named_wherever_it_is_needed(patients: Frame) -> None:
    table = pa.Table.from_pandas(patients.drop(columns="mean_area"))
    errors = {
        one["error"]
        for one in not_met(check("breast_cancer", all=table))
        if "error" in one
    }
    assert errors == {"there is no column mean_area"}


# --- the mirror: real data in full --------------------------------------------------


def fashion() -> dict[str, pa.Table]:
    def content(name: str, offset: int) -> np.ndarray:
        path = MIRROR / "fashion_mnist" / f"{name}-ubyte.gz"
        return np.frombuffer(
            gzip.decompress(path.read_bytes()), np.uint8, offset=offset
        )

    return {
        split: table_of_images(
            content(f"{name}-images-idx3", 16).reshape(-1, 28, 28),
            content(f"{name}-labels-idx1", 8),
        )
        for split, name in {"train": "train", "test": "t10k"}.items()
    }


@pytest.mark.skipif(
    not (MIRROR / "fashion_mnist").is_dir(), reason="needs the mirror of real data"
)
def test_fashion_mnist_passes_and_a_leak_does_not() -> None:
    splits = fashion()
    assert failed(check("fashion_mnist_csv", **splits)) == set()
    test = pa.concat_tables([splits["test"].slice(1), splits["train"].slice(0, 1)])
    leaked = check("fashion_mnist", train=splits["train"], test=test)
    assert ("expect_column_values_to_be_in_set", "in_earlier_split") in failed(leaked)
    assert leaked["success"] is False


@pytest.fixture(scope="module")
def weather() -> Frame:
    path = MIRROR / "weather_aus/weatherAUS.csv"
    if not path.exists():
        pytest.skip("needs the mirror of real data")
    return pd.read_csv(path, na_values=["NA"], keep_default_na=False)


def test_weather_passes(weather: Frame) -> None:
    verdict = check("weather_aus", all=pa.Table.from_pandas(weather))
    assert failed(verdict) == set()
    assert verdict["success"] is True


def test_damaged_weather_fails_the_rules(weather: Frame) -> None:
    damaged = weather.copy()
    damaged.loc[1, "Date"] = "01.12.2008"
    damaged.loc[2, "WindGustDir"] = "North"
    damaged.loc[3, "Location"] = "Albany"
    damaged.loc[4, "MinTemp"] = 50.0
    damaged["Pressure9am"] *= 100
    damaged["Temp3pm"] = damaged["Temp3pm"] * 1.8 + 32
    damaged["RainTomorrow"] = damaged["RainTomorrow"].map({"Yes": "No", "No": "Yes"})
    damaged.loc[weather.index % 2 == 0, "Humidity9am"] = np.nan
    damaged.loc[weather["RainToday"] == "No", "Rainfall"] = 1.5
    verdict = check("weather_aus", all=pa.Table.from_pandas(damaged))
    assert failed(verdict) >= {
        ("expect_column_values_to_match_regex", "Date"),
        ("expect_column_values_to_be_in_set", "WindGustDir"),
        ("expect_column_pair_values_a_to_be_greater_than_b",),
        ("expect_column_values_to_be_between", "Pressure9am"),
        ("expect_column_mean_to_be_between", "Temp3pm"),
        ("expect_column_kl_divergence_to_be_less_than", "RainTomorrow"),
        ("expect_column_mean_to_be_between", "Humidity3pm"),
        ("expect_column_values_to_not_be_null", "Humidity9am"),
        ("expect_column_values_to_be_between", "Rainfall"),
    }
