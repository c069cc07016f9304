"""The section `train` of an experiment: read by train."""

from typing import Annotated, Literal

from pydantic import Field

from pedigree.params.values import Fraction, Positive, Seed
from pedigree.sections import Section


class Adam(Section):
    """`keras.optimizers.Adam`."""

    name: Literal["adam"]
    learning_rate: Annotated[float, Field(gt=0)]


class RmsProp(Section):
    """`keras.optimizers.RMSprop`."""

    name: Literal["rmsprop"]
    learning_rate: Annotated[float, Field(gt=0)]


class Sgd(Section):
    """`keras.optimizers.SGD`."""

    name: Literal["sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)]


Optimizer = Annotated[Adam | RmsProp | Sgd, Field(discriminator="name")]


class EarlyStopping(Section):
    """`keras.callbacks.EarlyStopping`."""

    monitor: str
    patience: Annotated[int, Field(ge=0)]
    restore_best_weights: bool


class ReduceLearningRate(Section):
    """`keras.callbacks.ReduceLROnPlateau`."""

    monitor: str
    factor: Fraction
    patience: Annotated[int, Field(ge=0)]


class Train(Section):
    """How an experiment is trained."""

    loss: Literal[
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    ]
    optimizer: Optimizer
    batch_size: Positive
    epochs: Positive
    seed: Seed
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    xla: bool
    class_weight: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    early_stopping: EarlyStopping | None = None
    reduce_learning_rate: ReduceLearningRate | None = None
