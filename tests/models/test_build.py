"""What stands in front of every architecture, and what its weights start from."""

import keras
import numpy as np
import pytest

from pedigree.errors import WrongUseError
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.params.model import Model
from pedigree.sections import parse

HEAD = Head(1, "linear")
NET = {"architecture": "mlp", "hidden": [6], "activation": "relu", "seed": 1}
DRAWN = {
    "kernel": {"name": "random_uniform", "minval": -0.5, "maxval": 0.5},
    "bias": {"name": "constant", "value": 0.1},
}


def _build(shape, divide_by=None, **changes):
    section = parse(Model, {**NET, **changes}, "params.yaml", ("model",))
    return build_model(section, shape, divide_by, HEAD)


def test_images_are_resized_before_they_are_scaled_and_augmented():
    noise = [{"layer": "gaussian_noise", "stddev": 0.1}]
    model = _build((4, 6, 1), 255.0, resize=[8, 3], augmentation=noise)
    names = [layer.name for layer in model.layers]
    assert names[:5] == [
        *("input", "resizing", "rescaling", "augmentation1_gaussian_noise", "flatten"),
    ]
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 1), np.uint8)
    part = keras.Model(model.input, model.get_layer("rescaling").output)
    resized = part.predict(images, verbose=0)
    assert resized.shape == (5, 8, 3, 1)
    expected = keras.ops.image.resize(
        images.astype("float32"), (8, 3), interpolation="bilinear"
    )
    np.testing.assert_allclose(resized, np.array(expected) / 255, atol=1e-6)


def test_tables_are_not_resized():
    with pytest.raises(WrongUseError, match=r"shape \(5,\).*resize, which takes ima"):
        _build((5,), resize=[8, 3])


def test_kernels_and_biases_start_from_what_is_asked_for():
    model = _build((5,), initialization=DRAWN)
    hidden, output = model.get_layer("hidden1"), model.get_layer("predictions")
    for layer in (hidden, output):
        assert np.array(layer.bias) == pytest.approx(0.1)
        assert abs(np.array(layer.kernel)).max() <= 0.5
    assert len(np.unique(hidden.kernel)) == 30, "no two are drawn alike"
    # By themselves, these would start from a Glorot distribution, and from 0.
    assert not np.array(_build((5,)).get_layer("hidden1").bias).any()


@pytest.mark.parametrize(
    ("kernel", "deviation"),
    [
        ({"name": "random_uniform", "minval": -0.5, "maxval": 0.5}, 1 / np.sqrt(12)),
        ({"name": "random_normal", "stddev": 0.05}, 0.05),
        ({"name": "constant", "value": 3.0}, 0),
    ],
)
def test_the_seed_decides_what_is_drawn(kernel, deviation):
    drawn = {**DRAWN, "kernel": kernel}
    one, again, other = (
        _build((200,), initialization=drawn, seed=seed).get_weights()
        for seed in (1, 1, 2)
    )
    for first, second in zip(one, again, strict=True):
        assert np.array_equal(first, second)
    assert one[0].std() == pytest.approx(deviation, rel=0.1)
    assert np.array_equal(one[0], other[0]) == (deviation == 0)


def test_what_normalises_keeps_what_it_starts_from():
    norm = {"momentum": 0.9, "epsilon": 0.001}
    drawn = {"kernel": {"name": "constant", "value": 2.0}, "bias": DRAWN["bias"]}
    model = _build((5,), batch_normalization=norm, initialization=drawn)
    layer = model.get_layer("hidden1_norm")
    assert np.array(layer.gamma).tolist() == [1] * 6
    assert not np.array(layer.beta).any()
    assert (np.array(model.get_layer("hidden1").kernel) == 2).all()


def test_recurrent_kernels_are_drawn_too():
    section = {"architecture": "recurrent", "cell": "lstm", "units": [3], "seed": 1}
    section = parse(Model, {**section, "initialization": DRAWN}, "params.yaml")
    model = build_model(section, (4, 2), None, HEAD)
    weights = {weight.name: np.array(weight) for weight in model.trainable_variables}
    assert abs(weights["recurrent_kernel"]).max() <= 0.5
    assert weights["bias"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"resize": [8]}, "model.resize"),
        ({"resize": [8, 0]}, "model.resize.1=0"),
        ({"initialization": {"kernel": DRAWN["kernel"]}}, "initialization.bias is req"),
        ({"initialization": {**DRAWN, "bias": {"name": "zeros"}}}, "initialization.b"),
        ({"output_activation": "relu"}, "output_activation"),
    ],
)
def test_what_is_wrong_is_named(changes, rule):
    with pytest.raises(WrongUseError, match=rule):
        _build((5, 5, 1), **changes)
