"""The frames that expectations are checked against."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pedigree.data import statistics
from pedigree.data.raw import table_of_images
from pedigree.data.statistics import describe_images, frames_to_check

IMAGES = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(1, 5))
)


def table_of_bytes(images: list[bytes | None]) -> pa.Table:
    return pa.table({"image": pa.array(images, pa.binary())})


@given(IMAGES)
def test_statistics_are_those_of_numpy(images: np.ndarray) -> None:
    table = table_of_images(images, np.arange(len(images)))
    frame = describe_images({"all": table})["all"]
    pixels = images.reshape(len(images), -1)
    assert (frame["bytes"] == pixels.shape[1]).all()
    assert (frame["minimum"] == pixels.min(axis=1)).all()
    assert (frame["maximum"] == pixels.max(axis=1)).all()
    np.testing.assert_allclose(frame["mean"], pixels.mean(axis=1))
    np.testing.assert_allclose(frame["blank"], (pixels == 0).mean(axis=1))
    assert frame["label"].tolist() == list(range(len(images)))


@given(st.lists(st.lists(st.binary(max_size=2), min_size=1), min_size=1, max_size=3))
def test_content_is_equal_exactly_where_bytes_are(splits: list[list[bytes]]) -> None:
    names = ("train", "test", "all")
    tables = {
        name: table_of_bytes(images)
        for name, images in zip(names, splits, strict=False)
    }
    frames = describe_images(tables)
    contents = [content for frame in frames.values() for content in frame["content"]]
    images = [image for split in splits for image in split]
    assert [contents.index(one) for one in contents] == [
        images.index(one) for one in images
    ]
    earlier: set[bytes] = set()
    for frame, split in zip(frames.values(), splits, strict=True):
        assert frame["in_earlier_split"].tolist() == [one in earlier for one in split]
        earlier |= set(split)


def test_images_of_several_lengths_chunks_and_none_are_described() -> None:
    images = [b"\x00\x04", None, b"", b"\x07", b"\x00\x04"]
    table = pa.concat_tables([table_of_bytes(images[:2]), table_of_bytes(images[2:])])
    frame = describe_images({"all": table.slice(0, 5)})["all"]
    assert frame["bytes"].tolist() == [2, 0, 0, 1, 2]
    assert frame["maximum"].fillna(-1).tolist() == [4, -1, -1, 7, 4]
    assert frame["blank"].fillna(-1).tolist() == [0.5, -1, -1, 0, 0.5]
    assert frame["content"].nunique() == 4


def test_a_slice_of_images_is_described_from_its_own_bytes() -> None:
    table = table_of_images(
        np.arange(12, dtype=np.uint8).reshape(3, 2, 2), np.arange(3)
    )
    frame = describe_images({"all": table.slice(1, 1)})["all"]
    assert frame[["minimum", "maximum"]].to_numpy().tolist() == [[4, 7]]


SIDES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))


def table_of_shapes(images: list[np.ndarray]) -> pa.Table:
    """A raw table of images of several shapes, in colour or not, in two chunks."""
    shapes = np.array([image.shape for image in images], np.int32)
    columns = dict(zip(("height", "width", "channels"), shapes.T.copy(), strict=True))
    pixels = pa.array([image.tobytes() for image in images], pa.binary())
    table = pa.table({"image": pixels, **columns, "label": np.arange(len(images))})
    return pa.concat_tables([table.slice(0, 2), table.slice(2)])


@given(st.lists(SIDES, min_size=1, max_size=9), st.integers(0, 9), st.data())
def test_images_of_different_shapes_are_each_described_by_their_own(
    shapes: list[tuple[int, int, int]], seed: int, data: st.DataObject
) -> None:
    generator = np.random.default_rng(seed)
    images = [generator.integers(0, 3, shape, np.uint8) for shape in shapes]
    images = data.draw(st.permutations([*images, *images[:3]]))
    table = table_of_shapes(images)
    together = describe_images({"all": table})["all"]
    alone = [
        describe_images({"all": table_of_images(image[None], np.array([label]))})["all"]
        for label, image in enumerate(images)
    ]
    for frame in (together, *alone):
        del frame["content"]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))
    contents = describe_images({"all": table})["all"]["content"].tolist()
    bytes_of = [image.tobytes() for image in images]
    assert [contents.index(one) for one in contents] == [
        bytes_of.index(one) for one in bytes_of
    ]


def test_many_images_are_described_part_by_part(monkeypatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 4, 3), np.uint8)
    table = table_of_images(images, np.arange(10))
    whole = describe_images({"all": table})["all"]
    for at_once in (1, 12, 25, 119):
        monkeypatch.setattr(statistics, "_BYTES_AT_ONCE", at_once)
        pd.testing.assert_frame_equal(describe_images({"all": table})["all"], whole)


def test_of_an_image_whose_bytes_contradict_its_shape_the_layout_is_missing() -> None:
    table = table_of_images(np.full((5, 3, 4), 7, np.uint8), np.arange(5))
    images = table["image"].to_pylist()
    images[1], images[3] = images[1][:-1], None
    table = table.set_column(0, "image", pa.array(images, pa.binary()))
    frame = describe_images({"all": table})["all"]
    assert frame["centre_row"].isna().tolist() == [False, True, False, True, False]
    assert frame["maximum"].isna().tolist() == [False, False, False, True, False]
    assert frame["centre_row"].dropna().tolist() == [0.5] * 3
    # Two wrong signs make a right number of bytes.
    heights = pa.array(np.full(5, -3, np.int32))
    table = table.set_column(1, "height", heights).set_column(
        2, "width", pa.array(np.full(5, -4, np.int32))
    )
    assert describe_images({"all": table})["all"]["centre_row"].isna().all()


def test_without_shapes_the_layout_is_missing() -> None:
    frame = describe_images({"all": table_of_bytes([b"ab"])})["all"]
    assert frame[["blank_rows", "centre_column"]].isna().all(axis=None)
    assert frame["maximum"].tolist() == [ord("b")]


@pytest.fixture
def arrow_memory() -> Iterator[pa.MemoryPool]:
    """Counts what Arrow allocates from now on."""
    usual = pa.default_memory_pool()
    counting = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counting)
    yield counting
    pa.set_memory_pool(usual)


@pytest.mark.parametrize("varying", [False, True])
def test_arrow_copies_no_image(arrow_memory: pa.MemoryPool, varying: bool) -> None:
    """It would have to join those of a column, and 32-bit offsets end at 2 GiB."""
    images = np.random.default_rng(0).integers(0, 256, (64, 128, 128), np.uint8)
    images[7] = images[1]
    table = table_of_images(images, np.arange(64))
    if varying:  # in shape, as often as they can
        heights = np.where(np.arange(64) % 2, 64, 128).astype(np.int32)
        widths = (128 * 128 // heights).astype(np.int32)
        table = table.set_column(1, "height", pa.array(heights))
        table = table.set_column(2, "width", pa.array(widths))
    wanted = describe_images({"all": table})["all"]
    in_chunks = pa.concat_tables([table.slice(0, 9), table.slice(9)])
    wide = pa.chunked_array([table["image"].chunk(0).cast(pa.large_binary())])
    for other in (in_chunks, table.set_column(0, "image", wide)):
        frame = describe_images({"all": other})["all"]
        pd.testing.assert_frame_equal(frame, wanted)
    assert wanted["content"].nunique() == 63
    # The one copy is the wide column, which this test has made.
    assert arrow_memory.max_memory() < 1.5 * images.nbytes


def test_no_images_are_no_rows() -> None:
    empty = table_of_images(np.ones((2, 8, 8), np.uint8), np.arange(2)).slice(0, 0)
    assert len(describe_images({"all": empty})["all"]) == 0
    assert len(describe_images({"all": table_of_bytes([])})["all"]) == 0


@pytest.mark.parametrize("split", ["train", "all"])
def test_a_table_is_checked_as_it_is(split: str) -> None:
    table = pa.table({"name": ["a", None], "count": [1, 2]})
    frame = frames_to_check({split: table})[split]
    assert frame["name"].isna().tolist() == [False, True]
    assert frame["count"].dtype == np.int64


SEQUENCES = st.lists(
    st.none() | st.lists(st.none() | st.integers(-5, 9), max_size=6), min_size=1
)


@given(st.lists(SEQUENCES, min_size=1, max_size=3))
def test_statistics_of_sequences_are_those_of_plain_python(
    splits: list[list[list[int | None] | None]],
) -> None:
    tables = {
        name: pa.table(
            {
                "tokens": pa.array(split, pa.list_(pa.int32())),
                "label": range(len(split)),
            }
        )
        for name, split in zip(("train", "test", "all"), splits, strict=False)
    }
    earlier: set[tuple[int, ...]] = set()
    contents: dict[tuple[int, ...], set[int]] = {}
    for frame, split in zip(frames_to_check(tables).values(), splits, strict=True):
        filled = [[-1 if t is None else t for t in one or []] for one in split]
        assert frame["label"].tolist() == list(range(len(split)))
        assert frame["length"].tolist() == [len(one) for one in filled]
        assert frame["distinct"].tolist() == [len(set(one)) for one in filled]
        for name, function in {
            "first": lambda one: one[0],
            "minimum": min,
            "maximum": max,
            "most_frequent": lambda one: max(map(one.count, one)) / len(one),
            "left_out": lambda one: one.count(2) / len(one),
        }.items():
            wanted = [function(one) if one else np.nan for one in filled]
            np.testing.assert_allclose(frame[name], wanted)
        keys = [tuple(one) for one in filled]
        assert frame["in_earlier_split"].tolist() == [key in earlier for key in keys]
        earlier |= set(keys)
        for key, content in zip(keys, frame["content"], strict=True):
            contents.setdefault(key, set()).add(content)
    numbers = [number for one in contents.values() for number in one]
    assert len(numbers) == len(set(numbers)) == len(contents)


def test_many_sequences_in_chunks_and_slices_are_described(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statistics, "_ROWS_AT_ONCE", 3)
    sequences = [[row] * row for row in range(10)]
    part = pa.table({"tokens": pa.array(sequences, pa.list_(pa.int32()))})
    whole = pa.concat_tables([part, part.slice(2, 5)]).slice(1)
    frame = frames_to_check({"all": whole})["all"]
    wanted = [*range(1, 10), *range(2, 7)]
    assert frame["length"].tolist() == frame["maximum"].tolist() == wanted
    assert set(frame["distinct"]) == {1}
    assert frame["content"].nunique() == 9
    empty = frames_to_check({"all": whole.slice(0, 0)})["all"]
    assert len(empty) == 0


def test_lines_are_described() -> None:
    lines = ["A word, or two", "", None, " \t\r", "\ufeffna\u00efve"]
    frame = frames_to_check({"all": pa.table({"line": pa.array(lines)})})["all"]
    assert frame["line"].isna().tolist() == [False, False, True, False, False]
    assert frame["length"].tolist() == [14, 0, 0, 3, 6]
    assert frame["words"].tolist() == [4, 0, 0, 0, 1]
    assert frame["beyond_ascii"].tolist() == [0, 0, 0, 0, 2]
    assert frame["control"].tolist() == [0, 0, 0, 2, 0]


def test_a_series_gets_the_step_between_its_rows() -> None:
    times = ["2009-01-01T00:00", "2009-01-01T00:10", None, "2009-01-01T00:30", "2009"]
    column = pa.array(np.array([time or "NaT" for time in times], "datetime64[ms]"))
    table = pa.table({"value": range(5), "time": column})
    frames = frames_to_check({"train": table, "test": table.slice(3)})
    assert frames["train"]["step"].fillna(-1).tolist() == [-1, 600, -1, -1, -1800]
    assert frames["test"]["step"].fillna(-1).tolist() == [-1, -1800]
    assert list(frames["train"].columns) == ["value", "time", "step"]


def test_masks_are_described_beside_their_images() -> None:
    masks = [bytes([1, 3, 3]), bytes([2]), b"", None]
    table = table_of_bytes([b"\x01", b"\x02", b"\x03", b"\x04"])
    table = table.append_column("mask", pa.array(masks, pa.binary()))
    (frame,) = describe_images({"all": table}).values()
    assert "mask" not in frame.columns
    found = frame[["mask_bytes", "mask_minimum", "mask_maximum", "mask_distinct"]]
    nothing = [0, np.nan, np.nan, np.nan]
    wanted = [[3, 1, 3, 2], [1, 2, 2, 1], nothing, nothing]
    np.testing.assert_array_equal(found.to_numpy(), wanted)
