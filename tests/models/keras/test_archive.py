import keras
import numpy as np
import pytest

from pedigree.errors import WrongUseError
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.models.keras.archive import (
    MODEL_FILE,
    activations,
    load_model,
    load_predictor,
    read_weights,
    save_model,
)
from pedigree.params.model import Model

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 6, 6, 1), np.uint8)


@pytest.fixture(scope="module")
def built():
    section = Model(
        architecture="convnet",
        seed=0,
        blocks=[[4]],
        kernel=[3],
        padding=["same"],
        pool=[2],
        activation="relu",
        dense=[5],
    )
    return build_model(section, (6, 6, 1), 255.0, Head(3, "softmax"))


@pytest.fixture
def folder(built, tmp_path):
    save_model(built, tmp_path / MODEL_FILE)
    return tmp_path


def test_a_predictor_is_the_model(built, folder):
    outputs = load_predictor(folder)(IMAGES)
    assert outputs.dtype == np.float32
    expected = np.array(built(IMAGES.astype("float32")))
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


def test_all_weights_are_read_by_their_paths(built, folder):
    weights = read_weights(folder)
    names = ["block1_conv1", "fc1", "predictions"]
    assert [name for name, _ in weights] == [
        f"{name}/{part}" for name in names for part in ("kernel", "bias")
    ]
    for (_, read), weight in zip(weights, built.get_weights(), strict=True):
        assert np.array_equal(read, weight)


def test_a_layer_answers_to_images(built, folder):
    maps = activations(folder, "block1_conv1", IMAGES)
    assert maps.shape == (9, 6, 6, 4)
    kernel, bias = built.get_layer("block1_conv1").get_weights()
    centre = IMAGES[:, 1:4, 2:5].astype(float) / 255
    expected = np.einsum("nhwc,hwcf->nf", centre, kernel) + bias
    np.testing.assert_allclose(maps[:, 2, 3], np.maximum(expected, 0), atol=1e-5)


@pytest.mark.parametrize("layer", ["block2_conv1", "fc1"])
def test_a_layer_without_maps_is_refused(folder, layer):
    with pytest.raises(WrongUseError, match=f"block1_conv1.*Received: {layer}"):
        activations(folder, layer, IMAGES)


def test_a_damaged_archive_is_named(folder):
    path = folder / MODEL_FILE
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(WrongUseError, match="must be a Keras archive"):
        load_model(path)
    with pytest.raises(WrongUseError, match="must be a Keras archive"):
        load_predictor(folder / "absent")


def test_an_archive_is_loaded_without_its_optimizer(built, tmp_path):
    assert not load_model_of(built, tmp_path).compiled


def load_model_of(model: keras.Model, folder):
    save_model(model, folder / MODEL_FILE)
    return load_model(folder / MODEL_FILE)
