"""What the gate finds in damaged data of the sources that compute it."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pedigree.catalogue.read import read_catalogue
from pedigree.data.raw import table_of_images
from pedigree.data.suite import load_suite
from pedigree.data.validation import validate_tables
from pedigree.data.verdict import not_met

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data")).absolute()
CATALOGUE = read_catalogue(ROOT / "catalogue").parameters
NAMES = ("and_table", "xor_table", "decoder_table", "playground_xor", "linreg_synth")

Frame = pd.DataFrame
Damage = Callable[[Frame], Frame]
Stops = Callable[[str, tuple[str, str], dict[str, pa.Table]], bool]

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
MEAN = "expect_column_mean_to_be_between"
ROWS = "expect_table_row_count_to_equal"
VALUES = "expect_column_distinct_values_to_equal_set"


def read(name: str, folder: Path) -> dict[str, pa.Table]:
    download, table = CATALOGUE.downloads[name], CATALOGUE.datasets[name].table
    source = import_module(f"pedigree.data.sources.{download.kind}")
    source.fetch(download, getattr(download, "name", name), folder)
    reader = import_module(f"pedigree.data.formats.{table.format}")
    return reader.read(table, folder)


def failures(name: str, splits: dict[str, pa.Table]) -> set[tuple[str, str]]:
    """The critical rules that are not met: each expectation and its column."""
    suite = load_suite(ROOT / f"expectations/{name}.yaml")
    return {
        (result["expectation"], result["arguments"].get("column", ""))
        for result in not_met(validate_tables(name, suite, splits))
        if result["severity"] == "critical"
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_computed_data_passes(name: str, tmp_path: Path) -> None:
    assert failures(name, read(name, tmp_path)) == set()


@pytest.mark.slow
@pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no mirror of real data at {MIRROR}")
def test_the_stand_in_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEDIGREE_MIRROR", str(MIRROR))
    assert failures("fashion5_csv", read("fashion5_csv", tmp_path)) == set()


def change(column: str, by: Callable[[pd.Series], object], *rows: int) -> Damage:
    """Damage to a column, or to some rows of it."""

    def damage(frame: Frame) -> Frame:
        which = list(rows) or frame.index
        frame.loc[which, column] = by(frame.loc[which, column])
        return frame

    return damage


def shuffled(column: str) -> Damage:
    return change(
        column, lambda values: np.random.default_rng(0).permutation(values.to_numpy())
    )


DAMAGES: dict[str, tuple[str, Damage, tuple[str, str]]] = {
    "a wrong output": ("and_table", change("y", lambda y: 1 - y, 1), (IN_SET, "y")),
    "AND for XOR": ("xor_table", change("y", lambda _: [0, 0, 0, 1]), (IN_SET, "y")),
    "a repeated state": (
        "decoder_table",
        lambda frame: frame.iloc[[0, 1, 2, 3, 3]],
        (ROWS, ""),
    ),
    "classes from 1": ("decoder_table", change("y", lambda y: y + 1), (VALUES, "y")),
    "classes 0 and 1": (
        "playground_xor",
        change("label", lambda label: (label + 1) // 2),
        (VALUES, "label"),
    ),
    "shuffled labels": ("playground_xor", shuffled("label"), (BETWEEN, "x2")),
    "exchanged labels": (
        "playground_xor",
        change("label", lambda label: -label),
        (BETWEEN, "x2"),
    ),
    "scaled points": (
        "playground_xor",
        change("x1", lambda x: x / 10),
        (BETWEEN, "x1"),
    ),
    "half the points": ("playground_xor", lambda frame: frame.head(250), (ROWS, "")),
    "shuffled targets": ("linreg_synth", shuffled("y"), (BETWEEN, "y")),
    "a target with noise": (
        "linreg_synth",
        change("y", lambda y: y + np.random.default_rng(0).normal(0, 5, len(y))),
        (BETWEEN, "y"),
    ),
    "an offset": ("linreg_synth", change("y", lambda y: y + 9), (BETWEEN, "y")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_damage_is_noticed(damage: str, tmp_path: Path) -> None:
    name, make, rule = DAMAGES[damage]
    frame = make(read(name, tmp_path)["all"].to_pandas())
    table = pa.Table.from_pandas(frame, preserve_index=False)
    assert rule in failures(name, {"all": table})


@pytest.fixture(scope="module")
def images() -> dict[str, pa.Table]:
    """Images of five classes, in the layout of the stand-in."""
    splits = {}
    for split, first, labels in (
        ("train", 10_000, np.arange(60) % 5),
        ("test", 0, None),
    ):
        pixels = np.random.default_rng(first).integers(0, 256, (60, 28, 28), np.uint8)
        table = table_of_images(pixels, labels)
        splits[split] = table.append_column("id", pa.array(range(first, first + 60)))
    return splits


STAND_IN_DAMAGES = {
    "numbers from 0": ("train", "id", range(60), BETWEEN),
    "a number twice": (
        "test",
        "id",
        [0, *range(59)],
        "expect_column_values_to_be_unique",
    ),
    "a test with labels": (
        "test",
        "label",
        [0] * 60,
        "expect_column_values_to_be_null",
    ),
    "a training row without a label": (
        "train",
        "label",
        [None, 1, 2, 3, 4] * 12,
        "expect_column_values_to_not_be_null",
    ),
}


@pytest.mark.parametrize("damage", STAND_IN_DAMAGES)
def test_the_stand_in_keeps_its_layout(
    damage: str, images: dict[str, pa.Table], stops: Stops
) -> None:
    split, column, values, expectation = STAND_IN_DAMAGES[damage]
    place = images[split].column_names.index(column)
    damaged = images[split].set_column(place, column, pa.array(values, pa.int64()))
    assert not stops("fashion5_csv", (expectation, column), images)
    assert stops("fashion5_csv", (expectation, column), images | {split: damaged})
