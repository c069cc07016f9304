"""What a training is fed: rows of its own split, and validation rows as they are."""

import keras
import numpy as np
import pytest

from pedigree.params.train import KerasTrain
from pedigree.training.keras import fit as fitting
from pedigree.training.keras.batches import Batch
from pedigree.training.keras.checkpoint import CheckpointFile
from pedigree.training.keras.fit import Examples

AUGMENTATION = {"layer": "random_rotation", "factor": 0.1}
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), np.uint8)


class StoppedError(Exception):
    """Ends a training before its first step."""


class Model:
    """Tells what it is to be fitted on, by one that is not."""

    def fit(self, batches: object, **arguments: object) -> None:
        raise StoppedError(
            batches, arguments["validation_data"], arguments["steps_per_epoch"]
        )


def fed(
    train: Examples, validation: Examples, *augmentation: dict
) -> tuple[list[Batch], list[Batch]]:
    """The batches of two epochs of training, and those of validation."""
    parameters = KerasTrain(
        library="keras",
        loss="mean_squared_error",
        augmentation=augmentation,
        optimizer={"name": "adam", "learning_rate": 0.1},
        batch_size=4,
        epochs=2,
        seed=0,
        precision="float32",
        xla=False,
    )
    with pytest.raises(StoppedError) as caught:
        fitting.fit(
            Model(), train, validation, parameters, CheckpointFile("k"), lambda *_: None
        )
    batches, checked, steps = caught.value.args
    trained = batches
    if isinstance(batches, keras.utils.PyDataset):
        trained = (batches[step] for step in range(2 * steps))
    drawn = [
        tuple(np.asarray(array) for array in batch)
        for batch, _ in zip(trained, range(2 * steps), strict=False)
    ]
    return drawn, [checked[step] for step in range(checked.num_batches)]


def images(start: int, end: int) -> Examples:
    """Some of the images, whose targets are their numbers."""
    return Examples(IMAGES[start:end], np.arange(start, end, dtype=np.float32))


@pytest.mark.parametrize(("train", "validation"), [(1, 1), (11, 29), (32, 7)])
def test_no_validation_row_is_trained_on(train, validation):
    end = train + validation
    trained, validated = fed(images(0, train), images(train, end))
    for batches, numbers in ((trained, range(train)), (validated, range(train, end))):
        assert {number for _, y in batches for number in y} == set(numbers)
        assert all(np.array_equal(x, IMAGES[y.astype(int)]) for x, y in batches)


def test_training_images_alone_are_augmented():
    trained, validated = fed(images(0, 10), images(10, 20), AUGMENTATION)
    assert not any(np.array_equal(x, IMAGES[y.astype(int)]) for x, y in trained)
    assert np.array_equal(np.concatenate([x for x, _ in validated]), IMAGES[10:20])
