"""Keras optimizers from their sections of `params.yaml`."""

import keras

from pedigree.params.train import Adam, RmsProp, Sgd


def build_optimizer(parameters: Adam | RmsProp | Sgd) -> keras.Optimizer:
    """Build the optimizer that a section names, with the section's values."""
    values = parameters.model_dump(exclude={"name"})
    optimizers = {
        "adam": keras.optimizers.Adam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }
    return optimizers[parameters.name](**values)
