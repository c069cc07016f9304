from pathlib import Path

import numpy as np
import pandas as pd

from pedigree.data.formats import images_as_csv

IMAGES = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2) * 12
LABELS = np.array([9, 0, 3, 0, 1], np.uint8)


def test_the_layout_is_that_of_kaggle(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(images_as_csv, "ROWS_AT_ONCE", 2)
    images_as_csv.write(tmp_path / "a.csv", {"label": LABELS}, IMAGES)
    text = (tmp_path / "a.csv").read_text().splitlines()
    assert text[:2] == ["label,pixel1,pixel2,pixel3,pixel4", "9,0,12,24,36"]
    table = pd.read_csv(tmp_path / "a.csv").to_numpy()
    np.testing.assert_array_equal(table[:, 0], LABELS)
    np.testing.assert_array_equal(table[:, 1:].reshape(5, 2, 2), IMAGES)
    images_as_csv.write(tmp_path / "b.csv", {"label": LABELS}, IMAGES)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_columns_are_those_that_are_named(tmp_path: Path):
    numbers = np.arange(10_000, 10_005, dtype=np.int32)
    images_as_csv.write(tmp_path / "a.csv", {"Id": numbers}, IMAGES, first_pixel=0)
    text = (tmp_path / "a.csv").read_text().splitlines()
    assert text[:2] == ["Id,pixel0,pixel1,pixel2,pixel3", "10000,0,12,24,36"]
