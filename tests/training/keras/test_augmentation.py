"""Batches of images that change before they reach a model."""

import numpy as np
import pytest

from pedigree.params.model import RandomFlip, RandomRotation, RandomZoom
from pedigree.params.train import KerasTrain
from pedigree.training.keras.augmentation import batch_augmentation
from pedigree.training.keras.batches import TrainingBatches

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3), np.uint8)
LAYERS = (
    RandomFlip(layer="random_flip", mode="horizontal"),
    RandomRotation(layer="random_rotation", factor=0.1),
    RandomZoom(layer="random_zoom", height_factor=0.2),
)


def parameters(*layers: object, seed: int = 0) -> KerasTrain:
    return KerasTrain(
        library="keras",
        loss="binary_crossentropy",
        augmentation=layers,
        optimizer={"name": "adam", "learning_rate": 0.1},
        batch_size=4,
        epochs=3,
        seed=seed,
        precision="float32",
        xla=False,
    )


def batches(first_epoch: int = 0, seed: int = 0) -> TrainingBatches:
    section = parameters(*LAYERS, seed=seed)
    augment = batch_augmentation(section)
    return TrainingBatches(
        IMAGES, np.arange(10), 4, seed, first_epoch=first_epoch, augment=augment
    )


def test_without_layers_nothing_changes():
    assert batch_augmentation(parameters()) is None


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_changes_images_and_keeps_their_range(layer):
    changed = batch_augmentation(parameters(layer))(IMAGES, 0)
    assert changed.shape == IMAGES.shape
    assert changed.dtype == np.float32
    assert not np.array_equal(changed, IMAGES)
    assert changed.min() >= -1e-3 and changed.max() <= 255 + 1e-3


def test_a_batch_is_a_function_of_the_step_and_the_seed():
    augment = batch_augmentation(parameters(*LAYERS))
    again = batch_augmentation(parameters(*LAYERS))
    np.testing.assert_array_equal(augment(IMAGES, 5), again(IMAGES, 5))
    other = batch_augmentation(parameters(*LAYERS, seed=1))
    for different in (augment(IMAGES, 6), other(IMAGES, 5)):
        assert not np.array_equal(augment(IMAGES, 5), different)


def test_a_training_that_goes_on_sees_the_images_that_it_would_have_seen():
    whole, resumed = batches(), batches(first_epoch=2)
    for step in range(3):  # an epoch has three batches
        for one, other in zip(whole[6 + step], resumed[step], strict=True):
            np.testing.assert_array_equal(one, other)
