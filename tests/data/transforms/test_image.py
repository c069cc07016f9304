import numpy as np
import pyarrow as pa
import pytest

from pedigree.data.raw import table_of_images
from pedigree.data.transforms import image
from pedigree.errors import RefusedError
from pedigree.params.features import NoisePixels, ZeroPixels

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)
TABLE = table_of_images(IMAGES, np.zeros(50, int))


def noise(seed: int = 0, scaled: bool = True) -> NoisePixels:
    return NoisePixels(fill="noise", seed=seed, scaled=scaled)


def fitted(extra: NoisePixels | ZeroPixels) -> image.Fitted:
    return image.Fitted((28, 28, 1), 255.0, extra)


def test_images_of_another_shape_are_refused():
    fitted = image.Fitted((2, 2, 1), 255.0)
    table = table_of_images(np.zeros((1, 3, 2), np.uint8), np.zeros(1, int))
    with pytest.raises(RefusedError, match=r"\(2, 2, 1\). Received: \(3, 2, 1\)"):
        fitted.apply(table)


def test_zeros_stand_behind_the_pixels():
    transform = fitted(ZeroPixels(fill="zeros"))
    x = transform.apply(TABLE)
    assert (x.dtype, transform.divide_by) == (np.uint8, 255)
    np.testing.assert_array_equal(x[:, :784], IMAGES.reshape(50, 784))
    assert x.shape == (50, 1568)
    assert not x[:, 784:].any()


def test_scaled_noise_has_the_range_of_pixels():
    transform = fitted(noise())
    x = transform.apply(TABLE)
    assert (x.dtype, transform.divide_by) == (np.uint8, 255)
    np.testing.assert_array_equal(x[:, :784], IMAGES.reshape(50, 784))
    counts = np.bincount(x[:, 784:].ravel(), minlength=256)
    assert counts.min() > 90  # of 153 for each value, if all are as likely
    assert np.abs(np.corrcoef(x[:, 784:]) - np.eye(50)).max() < 0.2


def test_noise_that_is_not_scaled_is_whole_numbers_beside_divided_pixels():
    transform = fitted(noise(scaled=False))
    x = transform.apply(TABLE)
    assert (x.dtype, transform.divide_by) == (np.float32, None)
    np.testing.assert_allclose(x[:, :784], IMAGES.reshape(50, 784) / 255, rtol=1e-6)
    drawn = x[:, 784:]
    assert set(np.unique(drawn)) == set(range(255))


def test_an_image_has_its_noise_wherever_it_stands():
    transform = fitted(noise())
    x = transform.apply(TABLE)
    turned = transform.apply(TABLE.take(pa.array(range(49, -1, -1))))
    np.testing.assert_array_equal(turned[::-1], x)
    assert (fitted(noise(seed=1)).apply(TABLE) != x)[:, 784:].mean() > 0.9
