"""Dense nets as scikit-learn estimators, trained by gradient descent."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from pedigree.models.numpy.initial import initial_values
from pedigree.models.numpy.network import Network, find_activation
from pedigree.models.numpy.outputs import (
    Linear,
    Output,
    Sigmoid,
    SigmoidSoftmax,
    Softmax,
    Tanh,
)

Floats = NDArray[np.float64]

ZEROS = {"kind": "constant", "weight": 0.0, "bias": 0.0}


class DenseNet(BaseEstimator, ABC):  # type: ignore[misc]
    """What the classifier and the regressor have in common.

    Attributes:
        weights_: Per layer, shape (inputs, units).
        biases_: Per layer, shape (units,).
        costs_: The cost of the training rows after 0, 1, ... epochs.
    """

    hidden: Sequence[int]
    activation: str | None
    initial: Mapping[str, Any] | None
    learning_rate: float
    batch_size: int | None
    epochs: int
    random_state: int | None

    @property
    def cost_(self) -> float:
        """The cost of the training rows with the weights as they are."""
        return self.costs_[-1]

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Train the net anew.

        Args:
            X: Examples, shape (rows, features).
            y: Targets, shape (rows,).
        """
        for _ in self.iterate(X, y):
            pass
        return self

    def iterate(self, X: ArrayLike, y: ArrayLike) -> Iterator[int]:  # noqa: N803
        """Train the net anew, and come back before the first and after each epoch.

        Args:
            X: Examples, shape (rows, features).
            y: Targets, shape (rows,).

        Yields:
            The number of epochs that are done, from 0 to `epochs`.
        """
        x, labels = validate_data(self, X, y, dtype=np.float64)
        self._learn(labels)
        targets = self._encode(labels)
        widths = (x.shape[1], *self.hidden, targets.shape[1])
        self.weights_, self.biases_ = initial_values(
            self.initial or ZEROS, widths, check_random_state(self.random_state)
        )
        network = self._network()  # of the same arrays: they change in place
        self.costs_ = [network.cost(x, targets)]
        yield 0
        for epoch in range(1, self.epochs + 1):
            for start in range(0, len(x), self.batch_size or len(x)):
                rows = slice(start, start + (self.batch_size or len(x)))
                self._update(network, x[rows], targets[rows])
            self.costs_.append(network.cost(x, targets))
            yield epoch

    def cost(self, X: ArrayLike, y: ArrayLike) -> float:  # noqa: N803
        """Compute the mean cost of any rows.

        Args:
            X: Examples, shape (rows, features).
            y: Targets, shape (rows,).
        """
        check_is_fitted(self)
        x, labels = validate_data(self, X, y, dtype=np.float64, reset=False)
        return self._network().cost(x, self._encode(labels))

    def _update(self, network: Network, x: Floats, targets: Floats) -> None:
        weights, biases = network.gradient(x, targets)
        values, slopes = [*self.weights_, *self.biases_], [*weights, *biases]
        for value, slope in zip(values, slopes, strict=True):
            value -= self.learning_rate * slope

    def _predict(self, X: ArrayLike) -> Floats:  # noqa: N803
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        return self._network().predict(x)

    def _network(self) -> Network:
        activation = find_activation(self.activation) if self.hidden else None
        return Network(self.weights_, self.biases_, activation, self._output())

    @abstractmethod
    def _learn(self, y: NDArray[Any]) -> None:
        """Learn from the targets what they can be."""

    @abstractmethod
    def _encode(self, y: NDArray[Any]) -> Floats:
        """Turn targets into numbers, shape (rows, units of the output)."""

    @abstractmethod
    def _output(self) -> Output:
        """Make the output."""


class NumpyClassifier(ClassifierMixin, DenseNet):  # type: ignore[misc]
    """A dense net for classes.

    Args:
        hidden: Units of each hidden layer.
        activation: `sigmoid`, `tanh`, `relu` or `linear`, of the hidden layers; None
            without.
        output: `sigmoid` (one unit for two classes), `softmax`, or `sigmoid_softmax`,
            the softmax of sigmoids.
        straight_through: With `sigmoid_softmax`, take the slope of the sigmoid for 1.
        initial: The first weights, see `initial_values`; None for zeros, which a net
            with hidden layers never leaves.
        learning_rate: The share of the gradient that an update takes.
        batch_size: Rows of an update, in their order; None for all of them.
        epochs: How often the rows are gone through.
        random_state: What weights are drawn with.
        classes: The classes in the order of the outputs; None for those in `y`.

    Attributes:
        classes_: The classes in the order of the outputs.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (),
        activation: str | None = None,
        output: Literal["sigmoid", "softmax", "sigmoid_softmax"] = "softmax",
        straight_through: bool = False,
        initial: Mapping[str, Any] | None = None,
        learning_rate: float = 0.5,
        batch_size: int | None = None,
        epochs: int = 200,
        random_state: int | None = None,
        classes: Sequence[Any] | None = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.output = output
        self.straight_through = straight_through
        self.initial = initial
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.random_state = random_state
        self.classes = classes

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Predict the most probable classes, shape (rows,)."""
        probabilities = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return classes

    def predict_proba(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Predict probabilities, shape (rows, classes)."""
        predicted = self._predict(X)
        if self.output == "sigmoid":
            return np.hstack([1 - predicted, predicted])
        return predicted

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn how many classes there can be."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.output != "sigmoid"
        return tags

    def _learn(self, y: NDArray[Any]) -> None:
        check_classification_targets(y)
        found = np.unique(y)
        self.classes_ = found if self.classes is None else np.array(self.classes)
        if self.output == "sigmoid" and len(self.classes_) != 2:
            raise ValueError(
                "Only binary classification is supported by a sigmoid. Received: "
                f"{len(self.classes_)} classes"
            )

    def _encode(self, y: NDArray[Any]) -> Floats:
        one_hot = y[:, np.newaxis] == self.classes_
        if not one_hot.any(axis=1).all():
            unknown = np.setdiff1d(y, self.classes_)
            raise ValueError(f"y must hold known classes. Received: {unknown}")
        first = 1 if self.output == "sigmoid" else 0
        targets: Floats = one_hot[:, first:].astype(np.float64)
        return targets

    def _output(self) -> Output:
        match self.output:
            case "sigmoid":
                return Sigmoid()
            case "softmax":
                return Softmax()
            case "sigmoid_softmax":
                return SigmoidSoftmax(self.straight_through)
        raise ValueError(
            "output must be sigmoid, softmax or sigmoid_softmax. Received: "
            f"{self.output}"
        )


class NumpyRegressor(RegressorMixin, DenseNet):  # type: ignore[misc]
    """A dense net for a number.

    Args:
        hidden: Units of each hidden layer.
        activation: `sigmoid`, `tanh`, `relu` or `linear`, of the hidden layers; None
            without.
        output: `linear`, with the mean squared error, or `tanh`, with half of it.
        initial: The first weights, see `initial_values`; None for zeros, which a net
            with hidden layers never leaves.
        learning_rate: The share of the gradient that an update takes.
        batch_size: Rows of an update, in their order; None for all of them.
        epochs: How often the rows are gone through.
        random_state: What weights are drawn with.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (),
        activation: str | None = None,
        output: Literal["linear", "tanh"] = "linear",
        initial: Mapping[str, Any] | None = None,
        learning_rate: float = 0.05,
        batch_size: int | None = None,
        epochs: int = 200,
        random_state: int | None = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.output = output
        self.initial = initial
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.random_state = random_state

    def predict(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Predict numbers, shape (rows,)."""
        numbers: Floats = self._predict(X)[:, 0]
        return numbers

    def _learn(self, y: NDArray[Any]) -> None:
        """A number can be any."""

    def _encode(self, y: NDArray[Any]) -> Floats:
        return y.astype(np.float64)[:, np.newaxis]

    def _output(self) -> Output:
        match self.output:
            case "linear":
                return Linear()
            case "tanh":
                return Tanh()
        raise ValueError(f"output must be linear or tanh. Received: {self.output}")
