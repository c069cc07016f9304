"""Random layers: in the training, in the archive, in the checkpoint, nowhere else."""

import keras
import numpy as np
import pytest

from pedigree.errors import WrongUseError
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.models.keras.archive import load_model, save_model
from pedigree.params.model import Model
from pedigree.sections import parse

LAYERS = {
    "random_flip": {"mode": "horizontal"},
    "random_rotation": {"factor": 0.1},
    "random_zoom": {"height_factor": 0.2},
    "random_translation": {"height_factor": 0.2, "width_factor": 0.1},
    "random_contrast": {"factor": 0.5, "value_range": [0, 1]},
    "random_brightness": {"factor": 0.5, "value_range": [0, 1]},
    "random_brightness_factor": {"factor": 0.5, "value_range": [0, 1]},
    "gaussian_noise": {"stddev": 0.1},
}
ALL = [{"layer": name, **values} for name, values in LAYERS.items()]
SHAPE = (8, 8, 1)
HEAD = Head(3, "softmax")


def _section(augmentation, seed=1):
    values = {"architecture": "mlp", "hidden": [], "activation": "relu", "seed": seed}
    document = {**values, "augmentation": augmentation}
    return parse(Model, document, "params.yaml", ("model",))


def _augmenter(augmentation, shape=SHAPE, seed=1):
    """The model down to its last random layer."""
    section = _section(augmentation, seed)
    model = build_model(section, shape, 16.0, HEAD)
    last = [layer for layer in model.layers if "augmentation" in layer.name][-1]
    return keras.Model(model.input, last.output)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 17, (20, *SHAPE)).astype("float32")


@pytest.mark.parametrize(("layer", "values"), LAYERS.items(), ids=LAYERS)
def test_a_layer_changes_images_in_training_alone(layer, values, images):
    model = _augmenter([{"layer": layer, **values}])
    scaled = images / 16
    for outputs in (
        model(images),
        model(images, training=False),
        model.predict(images, verbose=0),
    ):
        assert np.array_equal(outputs, scaled)
    trained = np.asarray(model(images, training=True))
    assert trained.shape == scaled.shape
    assert not np.allclose(trained, scaled, atol=0.01)
    if "value_range" in values:
        assert trained.min() >= 0 and trained.max() <= 1
        assert np.ptp(trained) > 0.5  # of [0, 1], and not of [0, 255]
    # Another batch, another draw; the same seed, the same draws.
    assert not np.array_equal(trained, model(images, training=True))
    again = _augmenter([{"layer": layer, **values}])
    assert np.array_equal(trained, again(images, training=True))
    other = _augmenter([{"layer": layer, **values}], seed=2)
    assert not np.array_equal(trained, other(images, training=True))


def test_a_factor_of_brightness_leaves_black_as_it_is(images):
    parameters = {"layer": "random_brightness_factor", "factor": 0.2}
    model = _augmenter([{**parameters, "value_range": [0, 2]}])
    scaled = images / 16
    factors = np.asarray(model(images, training=True)) / np.where(scaled, scaled, 1)
    assert (factors[scaled == 0] == 0).all()
    per_image = [np.unique(each[each > 0].round(5)) for each in factors]
    assert all(len(each) == 1 and 0.8 <= each[0] <= 1.2 for each in per_image)
    assert len(np.unique(per_image)) == len(images)


def test_each_layer_has_a_generator_among_the_variables(images):
    model = _augmenter(ALL)
    states = [v for v in model.variables if "seed_generator" in v.path]
    assert len(states) == len(ALL)
    before = [np.array(state) for state in states]
    first = np.asarray(model(images, training=True))
    assert not any(np.array_equal(b, s) for b, s in zip(before, states, strict=True))
    for state, value in zip(states, before, strict=True):
        state.assign(value)
    assert np.array_equal(first, model(images, training=True))


def test_an_archive_holds_the_layers_and_predicts_without_them(tmp_path, images):
    section = _section(ALL)
    models = [build_model(section, SHAPE, 16.0, HEAD) for _ in range(2)]
    paths = [tmp_path / f"{number}.keras" for number in range(2)]
    for model, path in zip(models, paths, strict=True):
        save_model(model, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    loaded = load_model(paths[0])
    names = [layer.name for layer in loaded.layers]
    assert "augmentation4_random_translation" in names
    expected = models[0].predict(images, verbose=0)
    assert np.array_equal(loaded.predict(images, verbose=0), expected)
    assert np.array_equal(loaded(images), loaded(images))
    bare = build_model(_section([]), SHAPE, 16.0, HEAD)
    bare.set_weights(models[0].get_weights())
    assert np.array_equal(bare.predict(images, verbose=0), expected)


def test_tables_take_noise_and_nothing_else():
    rows = np.ones((4, 5), "float32")
    noisy = _augmenter([{"layer": "gaussian_noise", "stddev": 0.1}], (5,))
    assert not np.array_equal(noisy(rows, training=True), rows / 16)
    with pytest.raises(WrongUseError, match=r"shape \(5,\).*random_flip.* images"):
        _augmenter([ALL[0]], (5,))


@pytest.mark.parametrize(
    ("layer", "rule"),
    [
        ({"layer": "random_hue", "factor": 0.1}, "model.augmentation.0"),
        ({"layer": "random_flip"}, "model.augmentation.0.mode is required"),
        ({"layer": "gaussian_noise", "stddev": 2.0}, "augmentation.0.stddev=2"),
        ({"layer": "gaussian_noise", "stddev": 0.1, "mean": 0.0}, "key is unknown"),
        ({"layer": "random_contrast", "factor": 0.1}, "value_range is required"),
    ],
)
def test_wrong_layers_are_named(layer, rule):
    with pytest.raises(WrongUseError, match=rule):
        _section([layer])
