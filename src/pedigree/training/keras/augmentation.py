"""Random changes of batches of images before they reach a model."""

import keras
import numpy as np
from numpy.typing import NDArray

from pedigree.models.augmentation import random_layer
from pedigree.params.train import KerasTrain
from pedigree.training.keras.batches import Augment


def batch_augmentation(parameters: KerasTrain) -> Augment | None:
    """What `train.augmentation` does to a batch; None where there is none.

    What is drawn for a batch depends on the seed and the number of its step alone, so a
    training that is resumed sees the images that it would have seen.
    """
    layers = [random_layer(*each) for each in enumerate(parameters.augmentation, 1)]
    if not layers:
        return None

    def augment(x: NDArray[np.generic], step: int) -> NDArray[np.generic]:
        images = keras.ops.convert_to_tensor(x, "float32")
        seeds = np.random.SeedSequence([parameters.seed, step])
        drawn = seeds.generate_state(len(layers)).tolist()
        for layer, seed in zip(layers, drawn, strict=True):
            generator = keras.random.SeedGenerator(seed)
            change = layer.get_random_transformation(images, seed=generator)
            images = layer.transform_images(images, change, training=True)
        return np.asarray(keras.ops.convert_to_numpy(images))

    return augment
