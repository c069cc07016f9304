"""The section `train` of an experiment: read by train."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pedigree.params.model import RandomFlip, RandomRotation, RandomZoom
from pedigree.params.values import Fraction, Positive, Seed
from pedigree.sections import Section

Rate = Annotated[float, Field(gt=0)]


class InverseTimeDecay(Section):
    """`keras.optimizers.schedules.InverseTimeDecay`, without its staircase."""

    schedule: Literal["inverse_time_decay"]
    initial_learning_rate: Rate
    decay_steps: Positive
    decay_rate: Rate


LearningRate = Rate | InverseTimeDecay


class Adam(Section):
    """`keras.optimizers.Adam`, of which other libraries have another `epsilon`."""

    name: Literal["adam"]
    learning_rate: LearningRate
    epsilon: Rate | None = None
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


class CrossValidation(Section):
    """`sklearn.model_selection.KFold` on the training rows.

    Attributes:
        folds: How many parts; each validates a model that is trained on the others.
        shuffle: Whether rows are drawn into the parts at random, or taken in order.
        seed: Seed of the draw.
    """

    folds: Annotated[int, Field(ge=2)]
    shuffle: bool
    seed: Seed


class Refit(Section):
    """A new model, trained on the rows of validation too.

    Attributes:
        epochs: How long: a number, or `best` for the epoch in which `monitor` was best
            before.
        monitor: A figure of each epoch.
    """

    epochs: Literal["best"] | Positive
    monitor: str


class Protocol(Section):
    """How the trainings of an experiment go together; without any of it, there is one.

    Attributes:
        repeats: How many models to train, each with other seeds: the given ones, then
            each raised by 1, 2, ... The first is the experiment's model, all are
            measured.
        cross_validation: Trainings on parts of the training rows, to validate on the
            rest; the experiment's model is then trained on all of them.
        refit: What follows a training with validation rows, or a cross-validation.
    """

    repeats: Annotated[int, Field(ge=2)] | None = None
    cross_validation: CrossValidation | None = None
    refit: Refit | None = None

    @abstractmethod
    def figures(self, validation: bool) -> list[str]:
        """The figures of each epoch that tell how good a model is.

        Args:
            validation: Whether there are validation rows.
        """

    @model_validator(mode="after")
    def _figures_are_told(self) -> "Protocol":
        known = self.figures(validation=True)
        for name in ("refit", "early_stopping", "reduce_learning_rate"):
            section = getattr(self, name, None)
            if section and section.monitor not in known:
                raise ValueError(
                    f"{name}.monitor must be one of {', '.join(known)}; it is "
                    f"{section.monitor!r}"
                )
        return self

    @model_validator(mode="after")
    def _repeats_alone(self) -> "Protocol":
        if self.repeats and (self.cross_validation or self.refit):
            raise ValueError("repeats must stand without cross_validation and refit")
        return self


class KerasTrain(Protocol):
    """How a Keras model is trained.

    Attributes:
        library: What trains it.
        loss: A Keras loss, or `half_squared_error`: half of the mean squared error.
        metrics: What is told of each epoch beside the loss and the accuracy. The loss
            holds the penalties on weights, `binary_crossentropy` does not.
            `accuracy_at_logit_half` takes for positive what has a logit above 0.5, a
            probability above 0.6225.
        augmentation: Random changes of the images of each batch, before the model.
        target: `input` where the model has to give back what it takes in.
        sequences: How a text is cut up; a token is predicted after each of its tokens.
    """

    library: Literal["keras"]
    loss: Literal[
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "mean_squared_error",
        "half_squared_error",
    ]
    metrics: tuple[Literal["binary_crossentropy", "accuracy_at_logit_half"], ...] = ()
    augmentation: tuple[
        Annotated[
            RandomFlip | RandomRotation | RandomZoom, Field(discriminator="layer")
        ],
        ...,
    ] = ()
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

    def figures(self, validation: bool) -> list[str]:
        """The loss, what fits it, what else is asked for, and these of validation."""
        fitting = "accuracy" if _is_of_classes(self.loss) else "mean_absolute_error"
        of_text = ("perplexity",) if self.sequences else ()
        return _measured(["loss", fitting, *of_text, *self.metrics], validation)

    @model_validator(mode="after")
    def _metrics_of_two_classes(self) -> "KerasTrain":
        if self.metrics and self.loss != "binary_crossentropy":
            raise ValueError(
                f"metrics: [{', '.join(self.metrics)}] ask for loss: "
                f"binary_crossentropy; it is {self.loss}"
            )
        return self

    @model_validator(mode="after")
    def _last_training_watches_no_validation(self) -> "KerasTrain":
        reduce = self.reduce_learning_rate
        last_on_all_rows = self.refit or self.cross_validation
        if last_on_all_rows and reduce and reduce.monitor.startswith("val_"):
            raise ValueError(
                "reduce_learning_rate.monitor must not be of validation beside refit "
                "or cross_validation, whose last training has no such rows; it is "
                f"{reduce.monitor!r}"
            )
        return self

    @model_validator(mode="after")
    def _one_learning_rate(self) -> "KerasTrain":
        scheduled = isinstance(self.optimizer.learning_rate, InverseTimeDecay)
        if scheduled and self.reduce_learning_rate:
            raise ValueError(
                "reduce_learning_rate must not stand beside a schedule of the rate"
            )
        return self

    @model_validator(mode="after")
    def _tokens_as_they_are(self) -> "KerasTrain":
        if self.sequences and self.loss != "sparse_categorical_crossentropy":
            raise ValueError("sequences ask for loss: sparse_categorical_crossentropy")
        others = ("augmentation", "class_weight", "cross_validation", "refit", "target")
        for name in others:
            if self.sequences and getattr(self, name):
                raise ValueError(f"sequences must stand without {name}")
        return self


class NumpyTrain(Protocol):
    """How a net written in NumPy is trained: gradient descent, no randomness.

    Attributes:
        library: What trains it.
        loss: What is made small, a mean over the rows.
        learning_rate: The share of the gradient that an update takes.
        batch_size: Rows of an update, in their order; without it, all of them.
        epochs: How often the rows are gone through.
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

    def figures(self, validation: bool) -> list[str]:
        """The loss, of classes the accuracy, and these of validation."""
        accuracy = ["accuracy"] if _is_of_classes(self.loss) else []
        return _measured(["loss", *accuracy], validation)


def _is_of_classes(loss: str) -> bool:
    return loss.endswith("crossentropy")


def _measured(names: list[str], validation: bool) -> list[str]:
    return names + [f"val_{name}" for name in names if validation]


Train = Annotated[KerasTrain | NumpyTrain, Field(discriminator="library")]
