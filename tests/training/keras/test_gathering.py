import keras
import numpy as np
import pytest

from pedigree.data.prepared import cut_windows
from pedigree.training.keras import gathering
from pedigree.training.keras.batches import TrainingBatches
from pedigree.training.keras.gathering import gathered
from pedigree.training.keras.targets import ClassTargets

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow gathers"
)


def _batches(x, **arguments):
    classes = np.arange(len(x)) % 3
    targets = ClassTargets(classes, "categorical_crossentropy", 3)
    return TrainingBatches(x, targets, 4, seed=7, **arguments)


def _weights(rows):
    return np.linspace(1, 2, rows, dtype=np.float32)


@pytest.mark.parametrize("rows", [3, 8, 10])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("first_epoch", [0, 5])
def test_gathered_batches_are_those_that_python_makes(rows, weighted, first_epoch):
    x = np.arange(rows * 2, dtype=np.uint8).reshape(rows, 2)
    weights = _weights(rows) if weighted else None
    batches = _batches(x, weights=weights, first_epoch=first_epoch)
    made = iter(gathered(batches))
    for step in range(3 * batches.steps_per_epoch + 1):
        for mine, theirs in zip(batches[step], next(made), strict=True):
            np.testing.assert_array_equal(mine, theirs.numpy())
            assert mine.dtype == theirs.numpy().dtype


def test_the_graph_is_not_told_how_long_a_batch_is():
    # Of a batch of a known length, other operations might be chosen, and other bits.
    shapes = [spec.shape for spec in gathered(_batches(np.zeros((8, 2)))).element_spec]
    assert [tuple(shape) for shape in shapes] == [(None, 2), (None, 3)]


def test_memory_mapped_rows_are_gathered(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(20.0).reshape(10, 2))
    batches = _batches(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert np.array_equal(next(iter(gathered(batches)))[0].numpy(), batches[0][0])


def test_windows_augmented_and_large_examples_are_not_held(monkeypatch):
    windows = _batches(cut_windows(np.zeros((30, 2), np.float32), 5, 2))
    augmented = _batches(np.zeros((8, 2)), augment=lambda x, _: x)
    for batches in (windows, augmented):
        assert gathered(batches) is batches
    rows = np.zeros((8, 2), np.float32)  # 64 bytes, and 96 of one-hot targets
    monkeypatch.setattr(gathering, "HIGHEST_BYTES", 160)
    assert not isinstance(gathered(_batches(rows)), TrainingBatches)
    monkeypatch.setattr(gathering, "HIGHEST_BYTES", 159)
    assert isinstance(gathered(_batches(rows)), TrainingBatches)
