"""The section `train` of an experiment: read by train."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pedigree.params.values import Fraction, Positive, Seed
from pedigree.sections import Section

Rate = Annotated[float, Field(gt=0)]
Repeats = Annotated[int, Field(ge=2)]


class InverseTimeDecay(Section):
    """`keras.optimizers.schedules.InverseTimeDecay`, without its staircase."""

    schedule: Literal["inverse_time_decay"]
    initial_learning_rate: Rate
    decay_steps: Positive
    decay_rate: Rate


LearningRate = Rate | InverseTimeDecay


class Adam(Section):
    """`keras.optimizers.Adam`."""

    name: Literal["adam"]
    learning_rate: LearningRate
    global_clipnorm: Rate | None = None


class RmsProp(Section):
    """`keras.optimizers.RMSprop`."""

    name: Literal["rmsprop"]
    learning_rate: LearningRate
    global_clipnorm: Rate | None = None


class Sgd(Section):
    """`keras.optimizers.SGD`."""

    name: Literal["sgd"]
    learning_rate: LearningRate
    momentum: Annotated[float, Field(ge=0, lt=1)]
    global_clipnorm: Rate | None = None


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
    cooldown: Annotated[int, Field(ge=0)] | None = None
    min_lr: Annotated[float, Field(ge=0)] | None = None


class Sequences(Section):
    """How sequences are cut out of a text, anew for each epoch.

    Attributes:
        steps: Tokens of a sequence.
        partition: `sequential`: each row of a batch goes on where it ended in the batch
            before, and so does the state of the model, through which no gradient goes
            back. `random`: sequences in any order, each from a state of zeros.
    """

    steps: Positive
    partition: Literal["sequential", "random"]


class KerasTrain(Section):
    """How a Keras model is trained.

    Attributes:
        library: What trains it.
        loss: A Keras loss, or `half_squared_error`: half of the mean squared error.
        target: `input` where the model has to give back what it takes in.
        sequences: How a text is cut up; a token is predicted after each of its tokens.
        repeats: How many models to train, each with other seeds: the given ones, then
            each raised by 1, 2, ... The first is the experiment's model, all are
            measured.
    """

    library: Literal["keras"]
    loss: Literal[
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "mean_squared_error",
        "half_squared_error",
    ]
    target: Literal["input"] | None = None
    sequences: Sequences | None = None
    optimizer: Optimizer
    batch_size: Positive
    epochs: Positive
    seed: Seed
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    xla: bool
    class_weight: tuple[Rate, ...] | None = None
    early_stopping: EarlyStopping | None = None
    reduce_learning_rate: ReduceLearningRate | None = None
    repeats: Repeats | None = None

    @model_validator(mode="after")
    def _tokens_as_they_are(self) -> "KerasTrain":
        if self.sequences and self.loss != "sparse_categorical_crossentropy":
            raise ValueError("sequences ask for loss: sparse_categorical_crossentropy")
        if self.sequences and (self.class_weight or self.target):
            raise ValueError("sequences exclude class_weight and target")
        return self


class NumpyTrain(Section):
    """How a net written in NumPy is trained: gradient descent, no randomness.

    Attributes:
        library: What trains it.
        loss: What is made small, a mean over the rows.
        learning_rate: The share of the gradient that an update takes.
        batch_size: Rows of an update, in their order; without it, all of them.
        epochs: How often the rows are gone through.
        repeats: As for Keras.
    """

    library: Literal["numpy"]
    loss: Literal[
        "binary_crossentropy",
        "categorical_crossentropy",
        "mean_squared_error",
        "half_squared_error",
    ]
    learning_rate: Rate
    batch_size: Positive | None = None
    epochs: Positive
    repeats: Repeats | None = None


Train = Annotated[KerasTrain | NumpyTrain, Field(discriminator="library")]
