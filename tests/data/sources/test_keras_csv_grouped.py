from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from pedigree.data.formats import csv_images
from pedigree.data.raw import images_of
from pedigree.data.sources import keras_csv_grouped
from pedigree.errors import WrongUseError
from pedigree.params.datasets import CsvImagesTable
from pedigree.params.downloads import Download

GROUPS = ((1, 8), (0, 3), (2, 6), (4, 7), (5, 9))


def test_the_layout_is_that_of_the_competition(tmp_path: Path, monkeypatch):
    def load(*_: object) -> dict:
        images = np.arange(30 * 784, dtype=np.uint32).astype(np.uint8)
        images, labels = images.reshape(30, 28, 28), np.arange(30) % 10
        return {"train": (images[10:], labels[10:]), "test": (images[:10], labels[:10])}

    monkeypatch.setattr(keras_csv_grouped.loader, "load_with_mirror", load)
    files = tuple({"name": f"{split}.csv", "sha256": "0" * 64} for split in "ab")
    section = {"kind": "keras_csv_grouped", "name": "fashion_mnist", "groups": GROUPS}
    download = TypeAdapter(Download).validate_python({**section, "files": files})
    keras_csv_grouped.fetch(download, "fashion_mnist", tmp_path)
    header, first = (tmp_path / "a.csv").read_text().splitlines()[:2]
    assert header.startswith("Id,Label,pixel1,")
    assert header.endswith(",pixel784")
    assert first.startswith("10,1,")  # after ten test rows; class 0 is in group 1
    header, first = (tmp_path / "b.csv").read_text().splitlines()[:2]
    assert header.startswith("Id,pixel0,")
    assert header.endswith(",pixel783")

    table = CsvImagesTable(
        format="csv_images",
        files={"train": "a.csv", "test": "b.csv"},
        header=True,
        id=True,
        label="first",
        unlabelled=("test",),
        height=28,
        width=28,
    )
    splits = csv_images.read(table, tmp_path)
    assert splits["train"]["id"].to_pylist() == list(range(10, 30))
    assert splits["test"]["id"].to_pylist() == list(range(10))
    assert splits["train"]["label"].to_pylist() == [1, 0, 2, 1, 3, 4, 2, 3, 0, 4] * 2
    assert splits["test"]["label"].null_count == 10
    images = images_of(pa.concat_tables([splits["test"], splits["train"]]))
    np.testing.assert_array_equal(images.ravel(), np.arange(30 * 784).astype(np.uint8))


@pytest.mark.parametrize("groups", [((0, 1), (2,)), ((0, 1), (1, 2, 3)), ((0, 4),)])
def test_each_class_belongs_to_one_group(groups):
    labels = np.array([0, 1, 2, 3])
    assert keras_csv_grouped.merge(labels, ((3, 1), (0, 2))).tolist() == [1, 0, 1, 0]
    with pytest.raises(WrongUseError, match=r"\[0, 1, 2, 3\] once") as error:
        keras_csv_grouped.merge(labels, groups)
    assert len(str(error.value).splitlines()) == 2
