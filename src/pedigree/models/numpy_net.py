"""A dense net in NumPy: with no hidden layer a perceptron or a linear unit."""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE
from pedigree.params.train import NumpyTrain
from pedigree.params.values import Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor

# The loss of an output: the two are differentiated together.
LOSSES = {
    "sigmoid": "binary_crossentropy",
    "softmax": "categorical_crossentropy",
    "sigmoid_softmax": "categorical_crossentropy",
    "linear": "mean_squared_error",
    "tanh": "half_squared_error",
}


class Constant(Section):
    """All weights are equal, and all biases."""

    kind: Literal["constant"]
    weight: float
    bias: float


class Given(Section):
    """Weights and biases one by one.

    Attributes:
        weights: Per layer a matrix: one row per input, one column per unit.
        biases: Per layer one number per unit.
    """

    kind: Literal["given"]
    weights: tuple[tuple[tuple[float, ...], ...], ...]
    biases: tuple[tuple[float, ...], ...]


class Normal(Section):
    """Weights from a normal distribution with the mean 0; biases of 0."""

    kind: Literal["normal"]
    stddev: Annotated[float, Field(gt=0)]


class Uniform(Section):
    """Weights from a uniform distribution; equal biases."""

    kind: Literal["uniform"]
    low: float
    high: float
    bias: float


class Hyperparameters(Section):
    """What `model` holds beside `architecture` and `seed`.

    Attributes:
        hidden: Units of each hidden layer.
        activation: Activation of the hidden layers.
        output: What turns the last layer into predictions: `sigmoid` for two classes,
            `softmax`, `sigmoid_softmax` (the softmax of sigmoids), `linear` for a
            number, `tanh` for one between -1 and 1.
        straight_through: With `sigmoid_softmax`, the gradient leaves out the slope of
            the sigmoid.
        initial: The weights and biases before the first update.
    """

    hidden: tuple[Positive, ...]
    activation: Literal["sigmoid", "tanh", "relu", "linear"] | None = None
    output: Literal["sigmoid", "softmax", "sigmoid_softmax", "linear", "tanh"]
    straight_through: bool = False
    initial: Annotated[Constant | Given | Normal | Uniform, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _fits(self) -> "Hyperparameters":
        if bool(self.hidden) != bool(self.activation):
            raise ValueError("activation must stand beside hidden layers, only there")
        if self.straight_through and self.output != "sigmoid_softmax":
            raise ValueError("straight_through must stand with sigmoid_softmax only")
        if isinstance(self.initial, Given):
            _check_layers(self.initial, self.hidden)
        return self


def build_estimator(
    hyperparameters: Hyperparameters,
    train: NumpyTrain,
    seed: int,
    classes: int | None,
) -> "NumpyClassifier | NumpyRegressor":
    """Build an estimator that is not trained yet.

    Args:
        hyperparameters: The net.
        train: The section `train`.
        seed: Seed of the weights.
        classes: Number of classes; None for a number.

    Raises:
        WrongUseError: If the output does not fit the loss or the classes.
    """
    from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor

    _check_output(hyperparameters, train, classes)
    values: dict[str, Any] = {
        "hidden": hyperparameters.hidden,
        "activation": hyperparameters.activation,
        "initial": hyperparameters.initial.model_dump(mode="json"),
        "learning_rate": train.learning_rate,
        "batch_size": train.batch_size,
        "epochs": train.epochs,
        "random_state": seed,
    }
    values["output"] = hyperparameters.output
    if classes is None:
        return NumpyRegressor(**values)
    values["straight_through"] = hyperparameters.straight_through
    values["classes"] = tuple(range(classes))
    return NumpyClassifier(**values)


def _check_layers(initial: Given, hidden: tuple[int, ...]) -> None:
    """Refuse values that fit no number of inputs and of outputs."""
    if not len(initial.weights) == len(initial.biases) == len(hidden) + 1:
        raise ValueError("initial must hold weights and biases of each layer")
    for matrix, biases in zip(initial.weights, initial.biases, strict=True):
        if {len(row) for row in matrix} != {len(biases)}:
            raise ValueError("initial.weights must hold one column per bias")
    for units, (before, after) in zip(hidden, pairwise(initial.weights), strict=True):
        if not len(before[0]) == len(after) == units:
            raise ValueError("initial.weights must have the widths of hidden")


def _check_output(
    hyperparameters: Hyperparameters, train: NumpyTrain, classes: int | None
) -> None:
    output = hyperparameters.output
    if train.loss != LOSSES[output]:
        raise WrongUseError(
            f"train.loss must be {LOSSES[output]} with model.output={output}. "
            f"Received: {train.loss}",
            f"Correct {PARAMS_FILE}.",
        )
    is_number = classes is None
    wanted = {"linear": is_number, "tanh": is_number, "sigmoid": classes == 2}
    if not wanted.get(output, classes is not None):
        raise WrongUseError(
            "model.output must be linear or tanh for a number, sigmoid for two "
            "classes, or softmax or sigmoid_softmax for classes. Received: "
            f"{output} for {'a number' if classes is None else f'{classes} classes'}",
            f"Correct {PARAMS_FILE}.",
        )
