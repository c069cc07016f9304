from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pedigree.data import raw
from pedigree.errors import RefusedError, WrongUseError


@given(arrays(np.uint8, array_shapes(min_dims=4, max_dims=4, max_side=5)))
def test_images_survive_the_table(images):
    labels = np.arange(len(images))
    table = raw.table_of_images(images, labels)
    np.testing.assert_array_equal(raw.images_of(table), images)
    assert table["label"].to_pylist() == labels.tolist()


def test_images_are_not_copied():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    taken = raw.images_of(raw.table_of_images(images, np.zeros(2, int)))
    assert taken.shape == (2, 3, 4, 1)
    assert np.shares_memory(taken, images)


@given(st.integers(1, 5), st.integers(0, 3))
def test_slices_and_chunks_are_read(first, second):
    images = np.arange(10 * 4, dtype=np.uint8).reshape(10, 2, 2, 1)
    table = raw.table_of_images(images, np.arange(10))
    parts = pa.concat_tables([table.slice(first, 3), table.slice(second, 2)])
    expected = np.concatenate([images[first : first + 3], images[second : second + 2]])
    np.testing.assert_array_equal(raw.images_of(parts), expected)


def test_a_column_longer_than_its_offsets_is_cut_into_chunks(monkeypatch):
    monkeypatch.setattr(raw, "_BYTES_PER_CHUNK", 9)
    images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1)
    table = raw.table_of_images(images, np.arange(5))
    assert table["image"].num_chunks == 3
    np.testing.assert_array_equal(raw.images_of(table), images)


@pytest.mark.parametrize("limit", [1, 25, 2**31 - 1])
def test_rows_are_taken_from_columns_longer_than_their_offsets(limit, monkeypatch):
    images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1)
    table = raw.table_of_images(images, np.arange(5))
    table = table.append_column("text", pa.array(["a", None, "c", "", "e"]))
    table = pa.concat_tables([table.slice(0, 2), table.slice(2, 3)])
    monkeypatch.setattr(raw, "_BYTES_PER_CHUNK", limit)
    taken = raw.take_rows(table, np.array([4, 0, 3, 0]))
    assert pa.types.is_large_binary(taken["image"].type) == (limit < 2**31 - 1)
    np.testing.assert_array_equal(raw.images_of(taken), images[[4, 0, 3, 0]])
    np.testing.assert_array_equal(raw.images_of(taken[1:3]), images[[0, 3]])
    assert taken["label"].to_pylist() == [4, 0, 3, 0]
    assert taken["text"].to_pylist() == ["e", "a", "", "a"]
    assert taken["height"].type == pa.int32()


@pytest.mark.parametrize("shape", [(0, 3, 2), (0, 3, 2, 3)])
def test_a_table_may_have_no_image(shape):
    table = raw.table_of_images(np.zeros(shape, np.uint8), np.zeros(0, int))
    full = raw.table_of_images(np.zeros((1, 3, 2), np.uint8), np.zeros(1, int))
    assert table.num_rows == 0
    assert table.schema == full.schema
    np.testing.assert_array_equal(
        raw.images_of(pa.concat_tables([table, full])), np.zeros((1, 3, 2, 1))
    )
    with pytest.raises(RefusedError, match="0 shapes in 0 rows"):
        raw.images_of(table)


def test_splits_are_read_in_order_and_written_alike(tmp_path: Path):
    table = pa.table({"a": [1, None], "b": ["x", None]})
    for split in ("test", "train"):
        raw.write_split(tmp_path, split, table)
    first = (tmp_path / "train.parquet").read_bytes()
    raw.write_split(tmp_path, "train", table)
    assert (tmp_path / "train.parquet").read_bytes() == first
    tables = raw.read_splits(tmp_path)
    assert list(tables) == ["train", "test"]
    assert tables["train"].equals(table)


def test_a_folder_without_splits_is_wrong_use(tmp_path: Path):
    with pytest.raises(WrongUseError, match="must hold Parquet files"):
        raw.read_splits(tmp_path / "digits")


def test_images_of_two_shapes_are_refused():
    tables = [
        raw.table_of_images(np.zeros((1, side, side), np.uint8), np.zeros(1, int))
        for side in (2, 3)
    ]
    with pytest.raises(RefusedError, match="2 shapes"):
        raw.images_of(pa.concat_tables(tables))


def test_an_image_of_the_wrong_length_is_refused():
    table = raw.table_of_images(np.zeros((1, 2, 2), np.uint8), np.zeros(1, int))
    table = table.set_column(0, "image", pa.array([b"abc"]))
    with pytest.raises(RefusedError, match="4 bytes"):
        raw.images_of(table)


def test_rows_that_come_part_by_part_are_written_one_after_the_other(tmp_path):
    table = pa.table({"a": range(10), "b": [f"{n}" for n in range(10)]})
    raw.write_split(tmp_path, "all", iter(table.to_batches(max_chunksize=3)))
    assert raw.read_splits(tmp_path)["all"].equals(table)


def test_images_of_any_shapes_come_back_one_by_one(monkeypatch) -> None:
    monkeypatch.setattr(raw, "_BYTES_PER_PART", 20)
    generator = np.random.default_rng(0)
    shapes = [(1, 2, 3), (4, 1, 3), (2, 2, 3), (3, 3, 3), (1, 1, 3)]
    images = [generator.integers(0, 256, shape, np.uint8) for shape in shapes]
    rows = ((image, {"label": n}) for n, image in enumerate(images))
    parts = list(raw.batches_of_images(rows, {"label": pa.int64()}))
    assert [len(part) for part in parts] == [3, 1, 1]  # 6 + 12 + 12 bytes, then 27
    table = pa.Table.from_batches(parts)
    assert table["label"].to_pylist() == list(range(5))
    for found, image in zip(raw.each_image(table), images, strict=True):
        np.testing.assert_array_equal(found, image)
    wrong = table.set_column(1, "height", pa.array([9] * 5, pa.int32()))
    with pytest.raises(RefusedError, match="Received: an image of 6"):
        list(raw.each_image(wrong))
