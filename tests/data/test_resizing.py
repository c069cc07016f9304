import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from pedigree.data.resizing import resize
from pedigree.params.features import Resize

IMAGES = arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=9))
SIDES = st.integers(1, 12)


def to(height: int, width: int, interpolation: str) -> Resize:
    return Resize(height=height, width=width, interpolation=interpolation)


@given(IMAGES, SIDES, SIDES)
def test_the_nearest_pixel_is_that_of_pillow(image, height, width):
    found = resize(image, to(height, width, "nearest"))
    for channel in range(image.shape[2]):
        theirs = Image.fromarray(image[..., channel].copy()).resize(
            (width, height), Image.Resampling.NEAREST
        )
        np.testing.assert_array_equal(found[..., channel], np.asarray(theirs))


@given(IMAGES, st.sampled_from(["nearest", "bilinear"]))
def test_an_image_of_its_own_size_stays_as_it_is(image, interpolation):
    same = to(*image.shape[:2], interpolation)
    np.testing.assert_array_equal(resize(image, same), image)


@given(st.integers(0, 255), SIDES, SIDES)
def test_one_colour_stays_one_colour(value, height, width):
    image = np.full((5, 3, 1), value, np.uint8)
    assert (resize(image, to(height, width, "bilinear")) == value).all()


@pytest.mark.parametrize("shape", [(37, 53), (180, 180), (7, 300)])
def test_means_are_those_of_tensorflow(shape):
    tensorflow = pytest.importorskip("tensorflow")
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    theirs = tensorflow.image.resize(image, (60, 80)).numpy()
    found = resize(image, to(60, 80, "bilinear"))
    assert np.abs(found - theirs).max() < 0.5 + 1e-3
