import keras
import numpy as np
import pytest

from pedigree.training.keras.losses import half_squared_error, loss_named


def test_half_squared_error_is_half_of_the_mean_squared_error():
    rng = np.random.default_rng(0)
    actual, predicted = rng.normal(size=(2, 7, 3)).astype("float32")
    found = np.array(half_squared_error(actual, predicted))
    assert found.shape == (7,)
    np.testing.assert_allclose(found, ((actual - predicted) ** 2).mean(axis=1) / 2)
    theirs = np.array(keras.losses.mean_squared_error(actual, predicted))
    np.testing.assert_allclose(2 * found, theirs, rtol=1e-6)


@pytest.mark.parametrize("name", ["mean_squared_error", "binary_crossentropy"])
def test_other_losses_are_those_of_keras(name):
    assert loss_named(name) == name
    assert loss_named("half_squared_error") is half_squared_error
