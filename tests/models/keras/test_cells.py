"""Cells written by hand compute what Keras's own compute."""

import sys

import keras
import numpy as np
import pytest
from keras import layers

from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.models.keras.archive import load_model, save_model
from pedigree.models.keras.cells import GruCell, LstmCell, SimpleRnnCell
from pedigree.params.model import Model
from pedigree.sections import parse

PAIRS = {
    "simple_rnn": (SimpleRnnCell, layers.SimpleRNN, {}),
    "gru": (GruCell, layers.GRU, {"reset_after": False}),
    "lstm": (LstmCell, layers.LSTM, {}),
}


def build(cell, implementation="scratch", units=6, vocabulary=5, **values):
    section = {"architecture": "char_lm", "cell": cell, "units": units, "seed": 1}
    section |= {"implementation": implementation, **values}
    model = parse(Model, section, "params.yaml")
    return build_model(model, (None, 1), None, Head(vocabulary, "softmax"))


def tokens(*shape):
    return np.random.default_rng(0).integers(0, 5, (*shape, 1))


@pytest.mark.parametrize("cell", PAIRS)
def test_a_cell_equals_that_of_keras(cell):
    own, built_in, options = PAIRS[cell]
    x = np.random.default_rng(0).normal(size=(3, 20, 4)).astype("float32")
    one = layers.RNN(own(8), return_sequences=True)
    other = built_in(8, return_sequences=True, **options)
    outputs = [np.array(layer(x)) for layer in (one, other)]
    assert np.abs(outputs[0] - outputs[1]).max() > 0.01
    random = np.random.default_rng(1)
    one.set_weights([random.normal(0, 0.5, each.shape) for each in other.get_weights()])
    other.set_weights(one.get_weights())
    assert np.abs(np.array(one(x)) - np.array(other(x))).max() < 1e-5


@pytest.mark.parametrize(
    ("cell", "implementation", "units", "count"),
    [
        ("simple_rnn", "scratch", 512, 291_356),
        ("simple_rnn", "scratch", 256, 80_156),
        ("simple_rnn", "built_in", 256, 80_156),
        ("gru", "scratch", 256, 226_076),
        ("gru", "built_in", 256, 226_844),
        ("lstm", "scratch", 256, 299_036),
        ("lstm", "built_in", 256, 299_036),
    ],
)
def test_published_parameter_counts(cell, implementation, units, count):
    model = build(cell, implementation, units, vocabulary=28)
    assert model.count_params() == count
    assert model.output_shape == (None, None, 28)


@pytest.mark.parametrize("cell", PAIRS)
def test_an_archive_brings_its_cells_along(cell, tmp_path, monkeypatch):
    """A process that never heard of the cells loads them in safe mode."""
    first, again = build(cell), build(cell)
    save_model(first, tmp_path / "first.keras")
    save_model(again, tmp_path / "again.keras")
    content = (tmp_path / "first.keras").read_bytes()
    assert content == (tmp_path / "again.keras").read_bytes()
    registered = keras.saving.get_custom_objects()
    for name in [name for name in registered if name.startswith("pedigree>")]:
        monkeypatch.delitem(registered, name)
    monkeypatch.delitem(sys.modules, "pedigree.models.keras.cells")
    loaded = load_model(tmp_path / "first.keras")
    x = tokens(2, 7)
    assert np.array_equal(loaded.predict(x, verbose=0), first.predict(x, verbose=0))


def test_weights_start_from_a_small_normal_distribution():
    model = build(
        "lstm",
        units=64,
        initialization={
            "kernel": {"name": "random_normal", "stddev": 0.01},
            "bias": {"name": "constant", "value": 0.0},
        },
    )
    for variable in model.trainable_variables:
        values = np.array(variable)
        if variable.name == "bias":
            assert not values.any()
        else:
            assert values.std() == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("implementation", ["scratch", "built_in"])
def test_what_comes_later_changes_no_prediction(implementation):
    model = build("gru", implementation)
    x = tokens(2, 9)
    changed = x.copy()
    changed[:, 6:] = (changed[:, 6:] + 1) % 5
    one, other = (model.predict(each, verbose=0) for each in (x, changed))
    assert np.array_equal(one[:, :6], other[:, :6])
    assert not np.array_equal(one[:, 6:], other[:, 6:])
    single = model.predict(x[:, :1], verbose=0)
    assert np.allclose(single, one[:, :1], atol=1e-6)
