import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pedigree.data import prepared
from pedigree.errors import WrongUseError

META = prepared.Meta(
    kind="tabular",
    target="rain",
    classes=("No", "Yes"),
    input_shape=(2,),
    divide_by=None,
    feature_names=("a", "b"),
    columns=(prepared.Column("a", "double", True), prepared.Column("b", "long", False)),
    rows={"train": 3, "validation": 1, "test": 1},
    class_counts={"train": (2, 1), "validation": (1, 0), "test": (0, 1)},
    duplicates={"train": {"train": 0, "test": 2}, "test": {"train": 1, "test": 0}},
    dropped={"train": 2, "validation": 0, "test": 0},
)


def test_meta_survives_its_file(tmp_path: Path):
    prepared.write_meta(tmp_path, META)
    assert prepared.read_meta(tmp_path) == META
    text = (tmp_path / "meta.json").read_text()
    assert text.endswith("}\n")


def test_meta_of_a_time_when_nothing_was_counted_is_read(tmp_path: Path):
    prepared.write_meta(tmp_path, META)
    path = tmp_path / "meta.json"
    data = json.loads(path.read_text())
    del data["duplicates"], data["dropped"]
    path.write_text(json.dumps(data))
    assert prepared.read_meta(tmp_path) == replace(META, duplicates={}, dropped={})


def test_arrays_are_memory_mapped(tmp_path: Path):
    arrays = prepared.Arrays(
        np.ones((2, 3), np.float32), np.array([0, 1]), np.array([4, 2])
    )
    prepared.write_split(tmp_path, "train", arrays)
    prepared.write_meta(
        tmp_path,
        prepared.Meta(
            *("tabular", "y", ("a", "b"), (3,), None, ("p", "q", "r"), ()),
            {"train": 2},
            {"train": (1, 1)},
        ),
    )
    opened = prepared.open_split(tmp_path, "train")
    assert isinstance(opened.x, np.memmap)
    for expected, received in zip(arrays, opened, strict=True):
        np.testing.assert_array_equal(expected, received)
    with pytest.raises(ValueError, match="read-only"):
        opened.x[0] = 0


@pytest.mark.parametrize(
    "read", [prepared.read_meta, lambda folder: prepared.open_split(folder, "test")]
)
def test_missing_data_is_wrong_use(read, tmp_path: Path):
    with pytest.raises(WrongUseError, match="dvc repro preprocess@digits_8"):
        read(tmp_path / "digits_8")
