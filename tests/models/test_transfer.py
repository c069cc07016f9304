"""Transfer learning, from random weights in the published layout."""

from pathlib import Path

import keras
import numpy as np
import pytest
from pydantic import TypeAdapter

from pedigree.data.prepared import Arrays, Meta
from pedigree.data.raw import table_of_images
from pedigree.data.transforms import vgg16_features
from pedigree.errors import WrongUseError
from pedigree.models import transfer
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.models.keras.archive import MODEL_FILE, load_model
from pedigree.params.features import Transform
from pedigree.params.model import Model
from pedigree.params.train import KerasTrain
from pedigree.training.keras.train import train
from pretrained import write_vgg16

SHAPE = (32, 32, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (6, *SHAPE), np.uint8)
MODEL = {
    "architecture": "transfer",
    "base": "vgg16",
    "trainable": 0,
    "dense": [8],
    "activation": "linear",
    "dropout": 0.5,
    "seed": 0,
}
FEATURES = {
    "kind": "vgg16_features",
    "label": {"column": "label", "values": [0, 1], "classes": ["cat", "dog"]},
    "resize": {"height": 32, "width": 32, "interpolation": "bilinear"},
}
FEATURES["label"]["missing"] = "refuse"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "pretrained.h5"
    write_vgg16(path)
    return path


@pytest.fixture(scope="module")
def published(weights: Path) -> np.ndarray:
    """The features of the images, as the published recipe computes them."""
    base = keras.applications.VGG16(
        include_top=False, weights=str(weights), input_shape=SHAPE
    )
    images = keras.applications.vgg16.preprocess_input(IMAGES.astype(np.float32))
    return base.predict_on_batch(images)


def test_a_model_begins_from_the_pretrained_weights(weights, published):
    model = build_model(Model(**MODEL), SHAPE, None, Head(1, "sigmoid"))
    assert not np.allclose(features_of(model), published, rtol=1e-3)
    transfer.load_pretrained(model, weights)
    np.testing.assert_allclose(features_of(model), published, rtol=1e-3, atol=1e-3)


def features_of(model: keras.Model) -> np.ndarray:
    flat = keras.Model(model.input, model.get_layer("flatten").output)
    return flat.predict_on_batch(IMAGES).reshape(len(IMAGES), 1, 1, 512)


def test_features_are_computed_once_and_travel_with_their_weights(
    weights, published, tmp_path
):
    parameters = TypeAdapter(Transform).validate_python(FEATURES, strict=False)
    table = table_of_images(IMAGES, np.arange(6) % 2)
    fitted = vgg16_features.fit(parameters, table, np.arange(4), weights)
    assert fitted.input_shape == (1, 1, 512)
    np.testing.assert_allclose(fitted.apply(table), published, rtol=1e-5, atol=1e-5)
    fitted.save(tmp_path)
    loaded = vgg16_features.load(tmp_path)
    np.testing.assert_array_equal(loaded.apply(table), fitted.apply(table))
    with pytest.raises(WrongUseError, match="pretrained weights"):
        vgg16_features.fit(parameters, table, np.arange(4), None)


@pytest.mark.parametrize(
    ("trainable", "moved"), [(0, set()), (2, {"block5_conv3"})], ids=["frozen", "tuned"]
)
def test_training_moves_the_head_and_what_is_not_frozen(
    trainable, moved, weights, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    changes = {"trainable": trainable, "augmentation_block": True}
    changes["augmentation"] = ({"layer": "random_flip", "mode": "horizontal"},)
    model = Model(**{**MODEL, **changes})
    train_once(model, weights, tmp_path)
    trained = load_model(tmp_path / MODEL_FILE)
    start = build_model(model, SHAPE, None, Head(1, "sigmoid"))
    transfer.load_pretrained(start, weights)
    differing = {
        layer.name
        for layer in trained.get_layer("vgg16").layers
        for old, new in zip(
            start.get_layer("vgg16").get_layer(layer.name).get_weights(),
            layer.get_weights(),
            strict=True,
        )
        if not np.array_equal(old, new)
    }
    assert differing == moved
    kernels = [m.get_layer("fc1").get_weights()[0] for m in (start, trained)]
    assert not np.array_equal(*kernels)


def test_without_weights_nothing_is_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongUseError, match="must bring pretrained weights") as wrong:
        train_once(Model(**MODEL), None, tmp_path)
    assert len(str(wrong.value).splitlines()) == 2


def train_once(model: Model, weights: Path | None, output: Path) -> None:
    parameters = KerasTrain(
        library="keras",
        loss="binary_crossentropy",
        optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0.0},
        batch_size=6,
        epochs=1,
        seed=0,
        precision="float32",
        xla=False,
    )
    arrays = Arrays(IMAGES, np.arange(6) % 2, np.arange(6))
    meta = Meta("resized_image", "label", ("a", "b"), SHAPE, None, (), (), {}, {})
    splits = {"train": arrays}
    train(model, parameters, meta, splits, output, "key", lambda *_: None, weights)
