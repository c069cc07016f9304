"""Sequences of a text: what a batch holds, and what state it begins with."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.models.keras.archive import load_model
from pedigree.params.model import Model
from pedigree.params.train import KerasTrain, Sequences
from pedigree.sections import parse
from pedigree.training.keras.metrics import Perplexity
from pedigree.training.keras.sequences import TrainingSequences, ValidationSequences
from pedigree.training.keras.targets import ClassTargets
from pedigree.training.keras.train import train

PARTITIONS = ("sequential", "random")
LOSS = "sparse_categorical_crossentropy"


def batches_of(tokens, steps, size, partition, seed=0, first_epoch=0):
    """Sequences of the numbers from 0, each followed by the next one."""
    x = np.arange(tokens)[:, None]
    targets = ClassTargets(np.arange(1, tokens + 1), LOSS, tokens)
    sequences = Sequences(steps=steps, partition=partition)
    return TrainingSequences(x, targets, sequences, size, seed, first_epoch)


@pytest.mark.parametrize("partition", PARTITIONS)
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 7), st.integers(1, 5), st.integers(0, 60), st.integers(0, 99))
def test_an_epoch_predicts_tokens_once_and_never_others(
    partition, steps, size, more, seed
):
    tokens = steps * (size + 1) + more
    batches = batches_of(tokens, steps, size, partition, seed)
    for epoch in range(2):
        first = epoch * batches.steps_per_epoch
        seen = []
        for step in range(first, first + batches.steps_per_epoch):
            x, y = batches[step]
            assert x.shape == (size, steps, 1)
            assert np.array_equal(
                np.diff(x[..., 0], axis=1), np.ones((size, steps - 1))
            )
            assert np.array_equal(y, x[..., 0] + 1)
            seen += x.ravel().tolist()
        assert len(seen) == len(set(seen)) == batches.tokens_per_epoch
        assert set(seen) <= set(range(tokens))
        # What is left out is less than a sequence per row, and one at the beginning.
        assert tokens - len(seen) <= steps * (size + 1) + size


@pytest.mark.parametrize("partition", PARTITIONS)
@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1), st.integers(0, 4))
def test_a_batch_depends_on_its_step_alone(partition, steps, first_epoch):
    wandering = batches_of(60, 5, 3, partition, seed=7)
    resumed = batches_of(60, 5, 3, partition, seed=7, first_epoch=first_epoch)
    offset = first_epoch * resumed.steps_per_epoch
    for step in steps:
        fresh = batches_of(60, 5, 3, partition, seed=7)[step + offset]
        for one in (wandering[step + offset], resumed[step]):
            assert all(map(np.array_equal, one, fresh))


def test_rows_of_a_sequential_epoch_go_on():
    batches = batches_of(400, 5, 3, "sequential")
    count = batches.steps_per_epoch
    for epoch in range(3):
        rows = [batches[epoch * count + step][0][..., 0] for step in range(count)]
        assert all(np.array_equal(b, a + 5) for a, b in pairwise(rows))


def test_sequences_of_a_random_epoch_are_shuffled():
    batches = batches_of(400, 5, 3, "random")
    starts = [batches[step][0][:, 0, 0] for step in range(batches.steps_per_epoch)]
    assert (np.diff(np.concatenate(starts)) < 0).any()


@pytest.mark.parametrize("partition", PARTITIONS)
def test_an_epoch_leaves_out_none_to_all_of_a_sequence(partition):
    batches = batches_of(400, 5, 1, partition)
    per_epoch = batches.steps_per_epoch
    firsts = {
        min(
            int(batches[epoch * per_epoch + step][0].min()) for step in range(per_epoch)
        )
        for epoch in range(60)
    }
    assert {first % 5 for first in firsts} == set(range(5))
    if partition == "sequential":
        assert firsts == set(range(6))
    other = batches_of(400, 5, 1, partition, seed=1)
    assert not np.array_equal(
        [other[step][0] for step in range(4)], [batches[step][0] for step in range(4)]
    )


def test_the_published_epoch_has_eight_batches():
    for partition in PARTITIONS:
        batches = batches_of(9_999, 35, 32, partition)
        assert batches.steps_per_epoch == 8
        assert batches.tokens_per_epoch == 8_960


def test_validation_goes_through_the_text_from_its_first_token():
    targets = ClassTargets(np.arange(1, 24), LOSS, 30)
    batches = ValidationSequences(np.arange(23)[:, None], targets, 3, 2)
    seen = [batches[step] for step in range(batches.num_batches)]
    assert [x[..., 0].tolist() for x, _ in seen] == [
        [[0, 1, 2], [11, 12, 13]],
        [[3, 4, 5], [14, 15, 16]],
        [[6, 7, 8], [17, 18, 19]],
    ]
    assert all(np.array_equal(y, x[..., 0] + 1) for x, y in seen)


def test_too_few_tokens_are_refused():
    assert batches_of(20, 5, 3, "random").steps_per_epoch == 1
    with pytest.raises(RefusedError, match="Received: 14"):
        batches_of(19, 5, 3, "random")
    with pytest.raises(RefusedError, match="Received: 5"):
        ValidationSequences(
            np.arange(5)[:, None], ClassTargets(np.arange(5), LOSS, 5), 3, 2
        )


def test_perplexity_is_the_exponential_of_the_mean():
    metric = Perplexity(name="perplexity")
    for actual, predicted in [
        ([[0, 1]], [[[0.5, 0.5], [0.75, 0.25]]]),
        ([[1, 1]], [[[0.5, 0.5], [0.0, 1.0]]]),
    ]:
        metric.update_state(np.array(actual), np.array(predicted, np.float32))
    expected = np.exp(-np.log([0.5, 0.25, 0.5, 1]).mean())
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def model_section(cell="gru", implementation="scratch"):
    section = {"architecture": "char_lm", "cell": cell, "units": 6, "seed": 3}
    return parse(Model, section | {"implementation": implementation}, "params.yaml")


def train_section(partition, **changes):
    values = {
        "library": "keras",
        "loss": LOSS,
        "sequences": {"steps": 5, "partition": partition},
        "optimizer": {
            "name": "sgd",
            "learning_rate": 1.0,
            "momentum": 0.0,
            "global_clipnorm": 1.0,
        },
        "batch_size": 4,
        "epochs": 4,
        "seed": 5,
        "precision": "float32",
        "xla": False,
    }
    return parse(KerasTrain, values | changes, "params.yaml")


def splits_of(rows=130):
    numbers = np.random.default_rng(0).integers(0, 7, 2 * rows)
    parts = {"train": numbers[:rows], "validation": numbers[rows:]}
    return {
        split: Arrays(part[:-1, None].astype("u1"), part[1:], np.zeros(rows - 1, int))
        for split, part in parts.items()
    }


META = Meta(
    *("tokens", "line", tuple("abcdefg"), (1,), None, ("character",), ()),
    rows={"train": 129, "validation": 129},
    class_counts={},
)


def run(folder, partition, key, stop_after=None, heard=None, **changes):
    def listener(figures, epoch):
        if heard is not None:
            heard.append((epoch, dict(figures)))
        if epoch == stop_after and "loss" in figures:
            raise KeyboardInterrupt

    parameters = train_section(partition, **changes)
    section = model_section()
    history = train(section, parameters, META, splits_of(), folder, key, listener)
    return (folder / "model.keras").read_bytes(), history


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_resumed_training_ends_in_the_same_bytes(tmp_path, monkeypatch, partition):
    monkeypatch.chdir(tmp_path)
    heard = []
    model, history = run(tmp_path / "alone", partition, "alone", heard=heard)
    names = {"accuracy", "loss", "perplexity"}
    told = names | {f"val_{name}" for name in names} | {"epoch", "learning_rate"}
    assert set(history[-1]) == told
    assert history[-1]["perplexity"] == pytest.approx(np.exp(history[-1]["loss"]), 1e-5)
    speeds = {epoch: f["tokens_per_second"] for epoch, f in heard if len(f) == 1}
    assert set(speeds) == {1, 2, 3, 4} and min(speeds.values()) > 0

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", partition, "killed", stop_after=3)
    assert run(tmp_path / "killed", partition, "killed") == (model, history)
    assert load_model(tmp_path / "alone/model.keras").input_shape == (None, None, 1)


def test_a_state_is_carried_on_and_reset(tmp_path, monkeypatch):
    """Where nothing is learned, figures are those of one pass along the rows."""
    monkeypatch.chdir(tmp_path)
    optimizer = {"name": "sgd", "learning_rate": 1e-12, "momentum": 0.0}
    section = model_section()
    untrained = build_model(section, (None, 1), None, Head(7, "softmax"))
    splits = splits_of()
    losses = {}
    for partition in PARTITIONS:
        changes = {"optimizer": optimizer, "epochs": 2}
        _, history = run(tmp_path / partition, partition, partition, **changes)
        losses[partition] = [row["val_loss"] for row in history]
    starts = np.add.outer(np.arange(4) * 32, np.arange(30))
    x, y = (splits["validation"][n][starts] for n in (0, 1))
    chunks = {"sequential": 30, "random": 5}
    for partition, length in chunks.items():
        parts = untrained.predict(x.reshape(-1, length, 1), verbose=0)
        expected = keras.losses.sparse_categorical_crossentropy(
            y.reshape(-1, length), parts
        )
        mean = float(keras.ops.mean(expected))
        # The second epoch as the first: nothing is left of an earlier pass.
        assert losses[partition] == pytest.approx([mean] * 2, abs=2e-6)
    assert abs(losses["sequential"][0] - losses["random"][0]) > 1e-5


def test_sequences_belong_to_a_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        WrongUseError, match=r"train\.sequences must be given for a text"
    ):
        run(tmp_path, "random", "none", sequences=None)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"loss": "categorical_crossentropy"}, "sequences ask for loss"),
        ({"class_weight": (1.0, 2.0)}, "sequences must stand without class_weight"),
        ({"sequences": {"steps": 0, "partition": "random"}}, "train.sequences.steps"),
    ],
)
def test_what_does_not_fit_sequences_is_named(changes, rule):
    with pytest.raises(WrongUseError, match=rule):
        parse(
            KerasTrain,
            train_section("random").model_dump() | changes,
            "params.yaml",
            ("train",),
        )
