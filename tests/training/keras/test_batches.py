import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pedigree.training.keras.batches import TrainingBatches, ValidationBatches
from pedigree.training.keras.targets import NumberTargets


def _batches(rows, batch_size, seed, **arguments):
    x = np.arange(rows)[:, None]
    targets = NumberTargets(np.arange(rows) / 2)
    return TrainingBatches(x, targets, batch_size, seed, **arguments)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_an_epoch_holds_every_row_once(rows, batch_size, seed):
    batches = _batches(rows, batch_size, seed)
    for epoch in range(2):
        steps = range(batches.steps_per_epoch)
        seen = [batches[epoch * batches.steps_per_epoch + step][0] for step in steps]
        assert sorted(np.concatenate(seen)[:, 0]) == list(range(rows))
        assert all(len(batch) <= batch_size for batch in seen)


@given(st.integers(1, 70), st.integers(1, 20), st.integers(0, 200))
def test_a_row_stays_with_its_target(rows, batch_size, step):
    x, y = _batches(rows, batch_size, seed=1)[step]
    assert np.array_equal(x, 2 * y)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1), st.integers(0, 5))
def test_a_batch_depends_on_its_step_alone(steps, first_epoch):
    wandering = _batches(23, 4, seed=7)
    resumed = _batches(23, 4, seed=7, first_epoch=first_epoch)
    offset = first_epoch * resumed.steps_per_epoch
    for step in steps:
        fresh = _batches(23, 4, seed=7)[step + offset]
        for one in (wandering[step + offset], resumed[step]):
            assert np.array_equal(one[0], fresh[0])
            assert np.array_equal(one[1], fresh[1])


def test_epochs_and_seeds_differ():
    batches = _batches(100, 100, seed=1)
    assert not np.array_equal(batches[0][0], batches[1][0])
    assert not np.array_equal(batches[0][0], _batches(100, 100, seed=2)[0][0])


def test_a_row_stays_with_its_weight():
    weights = np.arange(9, dtype=np.float32) + 1
    x, _, drawn = _batches(9, 4, seed=0, weights=weights)[1]
    assert np.array_equal(drawn, x[:, 0] + 1)


def test_validation_keeps_the_order():
    targets = NumberTargets(np.zeros(10))
    batches = ValidationBatches(np.arange(10), targets, batch_size=4)
    seen = [batches[step][0] for step in range(batches.num_batches)]
    assert np.concatenate(seen).tolist() == list(range(10))
