from pathlib import Path

import numpy as np
import pandas as pd

from pedigree.data.sources import keras_csv


def test_the_layout_is_that_of_kaggle(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(keras_csv, "ROWS_AT_ONCE", 2)
    images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2) * 12
    labels = np.array([9, 0, 3, 0, 1], np.uint8)
    keras_csv.write_csv(tmp_path / "a.csv", (images, labels))
    text = (tmp_path / "a.csv").read_text().splitlines()
    assert text[:2] == ["label,pixel1,pixel2,pixel3,pixel4", "9,0,12,24,36"]
    table = pd.read_csv(tmp_path / "a.csv").to_numpy()
    np.testing.assert_array_equal(table[:, 0], labels)
    np.testing.assert_array_equal(table[:, 1:].reshape(5, 2, 2), images)
    keras_csv.write_csv(tmp_path / "b.csv", (images, labels))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
