"""Keras optimizers from their sections of `params.yaml`."""

import keras

from pedigree.params.train import Adam, InverseTimeDecay, RmsProp, Sgd


def build_optimizer(parameters: Adam | RmsProp | Sgd) -> keras.Optimizer:
    """Build the optimizer that a section names, with the section's values."""
    optimizers = {
        "adam": keras.optimizers.Adam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }
    values = parameters.model_dump(exclude={"name", "learning_rate"}, exclude_none=True)
    rate = parameters.learning_rate
    if isinstance(rate, InverseTimeDecay):
        schedule = rate.model_dump(exclude={"schedule"})
        values["learning_rate"] = keras.optimizers.schedules.InverseTimeDecay(
            **schedule
        )
    else:
        values["learning_rate"] = rate
    return optimizers[parameters.name](**values)
