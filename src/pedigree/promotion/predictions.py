"""What a model answered to the test rows, beside what is true of them."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.bootstrap import Counts, Figures
from pedigree.evaluation.classification.figures import WeightedFigures
from pedigree.evaluation.regression.figures import WeightedErrors

PREFIX = "probability_"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Answers of one model to test rows.

    Attributes:
        rows: Row numbers in the raw data, shape (rows,).
        actual: The index of the class, or the number, of each row; None where a model
            gives back its input.
        outputs: Probabilities, shape (rows, classes); or predicted numbers, or the
            squared error of each row, shape (rows,).
        classes: The names of the classes; None where there are none.
    """

    rows: NDArray[np.int64]
    actual: NDArray[Any] | None
    outputs: NDArray[np.float32]
    classes: tuple[str, ...] | None

    @cached_property
    def figures(self) -> Figures:
        """What can be measured of them."""
        if self.classes is not None:
            assert self.actual is not None
            return WeightedFigures(self.outputs, self.actual, self.classes)
        if self.actual is not None:
            return WeightedErrors(self.outputs, self.actual)
        return _MeanError(self.outputs)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which rows were given their class, shape (rows,).

        Raises:
            WrongUseError: If no classes are predicted.
        """
        if self.classes is None:
            raise unknown_metric("accuracy", self.figures.names)
        correct: NDArray[np.bool_] = self.outputs.argmax(axis=1) == self.actual
        return correct

    def measure(self, metric: str) -> float:
        """Measure one figure; NaN where it is undefined.

        Raises:
            WrongUseError: If there is no such figure.
        """
        if metric == "accuracy":  # without sorting all probabilities first
            return float(self.correct.mean())
        if metric not in self.figures.names:
            raise unknown_metric(metric, self.figures.names)
        return self._measured[metric]

    def answers_the_same_rows(self, other: "Predictions") -> bool:
        """Tell whether another model's answers are to these rows, in this order."""
        if set(self.classes or ()) != set(other.classes or ()):
            return False
        other = other.in_order_of(self.classes)
        return np.array_equal(self.rows, other.rows) and (
            (self.actual is None and other.actual is None)
            or np.array_equal(self.actual, other.actual)  # type: ignore[arg-type]
        )

    def in_order_of(self, classes: tuple[str, ...] | None) -> "Predictions":
        """Bring the classes into another order."""
        if self.classes is None or classes is None or self.classes == classes:
            return self
        order = np.array([self.classes.index(name) for name in classes])
        actual = np.argsort(order)[self.actual]
        return Predictions(self.rows, actual, self.outputs[:, order], classes)

    def head(self, count: int) -> "Predictions":
        """The first rows alone."""
        actual = None if self.actual is None else self.actual[:count]
        return Predictions(
            self.rows[:count], actual, self.outputs[:count], self.classes
        )

    def digest(self, raw: str) -> str:
        """Name the test rows by their content.

        Args:
            raw: The hash of the raw data that they are rows of.

        Returns:
            A sha256: equal for equal rows of equal data with equal truths.
        """
        content = hashlib.sha256(raw.encode())
        content.update(self.rows.astype("<i8").tobytes())
        content.update("\n".join(self.classes or ()).encode())
        if self.actual is not None:
            content.update(self.actual.tobytes())
        return content.hexdigest()

    @cached_property
    def _measured(self) -> dict[str, float]:
        values = self.figures(np.ones(len(self.rows), np.int64))
        return dict(zip(self.figures.names, values.tolist(), strict=True))


class _MeanError:
    """The mean squared error of rows that count a number of times.

    Args:
        errors: The mean squared error of each row.
    """

    names: tuple[str, ...] = ("mse",)

    def __init__(self, errors: NDArray[np.float32]) -> None:
        self._errors = errors.astype(np.float64)

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figure."""
        return np.array([counts @ self._errors / counts.sum()])


def read_predictions(path: Path) -> Predictions:
    """Read what evaluate wrote as `predictions.parquet`.

    Raises:
        RefusedError: If it holds neither classes, numbers nor errors of rows.
    """
    from pyarrow.parquet import read_table

    table = read_table(path)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    names = [name for name in columns if name.startswith(PREFIX)]
    if names:
        classes = tuple(name.removeprefix(PREFIX) for name in names)
        outputs = np.stack([columns[name] for name in names], axis=1)
        numbers = {name: number for number, name in enumerate(classes)}
        labels = np.array([numbers[name] for name in columns["label"]], np.int64)
        return Predictions(columns["row"], labels, outputs, classes)
    answer = "predicted" if "actual" in columns else "mse"
    if answer not in columns:
        raise RefusedError(
            "predictions to compare must be classes, numbers or errors of rows. "
            f"Received: the columns {', '.join(columns)}",
            "Models of this task are promoted by hand: set the alias in the UI.",
        )
    return Predictions(columns["row"], columns.get("actual"), columns[answer], None)


def unknown_metric(metric: str, known: tuple[str, ...]) -> WrongUseError:
    """The error for a metric that the model does not have."""
    return WrongUseError(
        f"promotion.*.metric must be one of {', '.join(known)}. Received: {metric}",
        "Correct the section `promotion` of params.yaml.",
    )
