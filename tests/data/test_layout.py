"""Where in an image its light is."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pedigree.data.layout import layout_statistics
from pedigree.data.raw import table_of_images

SIDES = st.integers(1, 5)
IMAGES = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), SIDES, SIDES))


def describe(images: np.ndarray) -> dict[str, np.ndarray]:
    return layout_statistics(table_of_images(images, np.zeros(len(images), int)))


def test_an_image_is_described() -> None:
    image = np.zeros((1, 3, 5), np.uint8)
    image[0, 2, 1:3] = 200
    assert {name: value[0] for name, value in describe(image).items()} == {
        "blank_rows": 2 / 3,
        "blank_columns": 3 / 5,
        "centre_row": 1,
        "centre_column": 0.375,
    }


@given(IMAGES)
def test_turned_and_mirrored_images_are_told_apart(images: np.ndarray) -> None:
    upright, turned = describe(images), describe(images.transpose(0, 2, 1))
    for name in ("blank", "centre"):
        plural = "s" if name == "blank" else ""
        for one, other in (("row", "column"), ("column", "row")):
            np.testing.assert_allclose(
                upright[f"{name}_{one}{plural}"], turned[f"{name}_{other}{plural}"]
            )
    mirrored = describe(images[:, :, ::-1])
    many = images.shape[2] > 1
    expected = 1 - upright["centre_column"] if many else upright["centre_column"]
    np.testing.assert_allclose(mirrored["centre_column"], expected, atol=1e-9)
    np.testing.assert_array_equal(mirrored["centre_row"], upright["centre_row"])


def test_dark_images_have_no_centre() -> None:
    dark = describe(np.zeros((2, 4, 4), np.uint8))
    assert dark["blank_rows"].tolist() == [1, 1]
    assert np.isnan(dark["centre_row"]).all()


def test_several_shapes_colours_and_broken_images() -> None:
    grey = table_of_images(np.full((2, 3, 4), 7, np.uint8), np.arange(2))
    colours = table_of_images(np.full((1, 2, 2, 3), 7, np.uint8), np.arange(1))
    table = pa.concat_tables([grey, colours, grey])
    images = table["image"].to_pylist()
    images[1] = images[1][:-1]
    images[3] = None
    table = table.set_column(0, "image", pa.array(images, pa.binary()))
    statistics = layout_statistics(table)
    assert np.isnan(statistics["centre_row"]).tolist() == [0, 1, 0, 1, 0]
    assert statistics["centre_row"][[0, 2, 4]].tolist() == [0.5] * 3
    assert statistics["blank_columns"][[0, 2, 4]].tolist() == [0] * 3


def test_without_shapes_nothing_is_known() -> None:
    statistics = layout_statistics(pa.table({"image": pa.array([b"ab"])}))
    assert all(np.isnan(values).all() for values in statistics.values())
