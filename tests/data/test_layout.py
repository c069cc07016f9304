"""Where in an image its light is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pedigree.data.layout import layout_statistics

SIDES = st.integers(1, 5)
SHAPES = st.tuples(st.integers(1, 9), SIDES, SIDES, st.sampled_from([1, 3]))
IMAGES = arrays.arrays(np.uint8, SHAPES)


def test_an_image_is_described() -> None:
    image = np.zeros((1, 3, 5, 1), np.uint8)
    image[0, 2, 1:3] = 200
    described = layout_statistics(image)
    assert {name: value[0] for name, value in described.items()} == {
        "blank_rows": 2 / 3,
        "blank_columns": 3 / 5,
        "centre_row": 1,
        "centre_column": 0.375,
    }


@given(IMAGES)
def test_turned_and_mirrored_images_are_told_apart(images: np.ndarray) -> None:
    upright = layout_statistics(images)
    turned = layout_statistics(images.transpose(0, 2, 1, 3))
    for name in ("blank", "centre"):
        plural = "s" if name == "blank" else ""
        for one, other in (("row", "column"), ("column", "row")):
            np.testing.assert_allclose(
                upright[f"{name}_{one}{plural}"], turned[f"{name}_{other}{plural}"]
            )
    mirrored = layout_statistics(images[:, :, ::-1])
    many = images.shape[2] > 1
    expected = 1 - upright["centre_column"] if many else upright["centre_column"]
    np.testing.assert_allclose(mirrored["centre_column"], expected, atol=1e-9)
    np.testing.assert_array_equal(mirrored["centre_row"], upright["centre_row"])


def test_dark_images_have_no_centre() -> None:
    dark = layout_statistics(np.zeros((2, 4, 4, 1), np.uint8))
    assert dark["blank_rows"].tolist() == [1, 1]
    assert np.isnan(dark["centre_row"]).all()


def test_the_centre_is_a_share_of_the_sides() -> None:
    small = np.zeros((1, 3, 5, 3), np.uint8)
    small[:, :1, :1] = 9
    large = small.repeat(7, axis=1).repeat(4, axis=2)
    for name in ("blank_rows", "blank_columns"):
        one, other = layout_statistics(small), layout_statistics(large)
        np.testing.assert_allclose(one[name], other[name])
