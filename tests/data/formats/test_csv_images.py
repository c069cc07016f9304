"""What is particular to CSV files of images."""

import numpy as np
import pyarrow as pa
import pytest

from pedigree.data.raw import images_of
from table_sections import csv_images, read


@pytest.mark.parametrize(
    ("label", "row"), [("first", "9,7,1,2,3,4"), ("last", "9,1,2,3,4,7")]
)
def test_a_number_of_the_row_stands_first_and_is_kept(label, row, tmp_path):
    (tmp_path / "a.csv").write_text(f"{row}\n")
    table = read(csv_images(id=True, label=label), tmp_path)["all"]
    assert (table["id"].to_pylist(), table["label"].to_pylist()) == ([9], [7])
    assert images_of(table).ravel().tolist() == [1, 2, 3, 4]


def test_labels_are_missing_in_an_unlabelled_split(tmp_path):
    (tmp_path / "a.csv").write_text("7,1,2,3,4\n")
    (tmp_path / "b.csv").write_text("1,2,3,4\n")
    files = {"train": "a.csv", "test": "b.csv"}
    tables = read(csv_images(files=files, unlabelled=("test",)), tmp_path)
    together = pa.concat_tables(tables.values())
    assert together["label"].to_pylist() == [7, None]
    assert images_of(together)[0].tolist() == images_of(together)[1].tolist()


@pytest.mark.parametrize("label", ["first", "last"])
@pytest.mark.parametrize("header", [True, False])
def test_images_are_read_row_by_row(label, header, tmp_path, monkeypatch):
    monkeypatch.setattr("pedigree.data.formats.csv_images.BLOCK_BYTES", 64)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (50, 4))
    labels = np.arange(50)
    columns = [labels, pixels] if label == "first" else [pixels, labels]
    lines = [",".join(map(str, row)) for row in np.column_stack(columns)]
    head = ["the,header,is,left,out"] if header else []
    (tmp_path / "a.csv").write_text("\n".join([*head, *lines]) + "\n")
    table = read(csv_images(label=label, header=header), tmp_path)["all"]
    assert table["image"].num_chunks > 1
    np.testing.assert_array_equal(images_of(table), pixels.reshape(50, 2, 2, 1))
    assert table["label"].to_pylist() == labels.tolist()
