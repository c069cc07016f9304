"""How well a model answers to new data, beside how well it did when it was tested."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pedigree.data.transforms.labels import MISSING, encode
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.bootstrap import Figures, bootstrap_intervals
from pedigree.evaluation.classification.figures import WeightedFigures
from pedigree.evaluation.regression.figures import WeightedErrors
from pedigree.params.evaluate import Bootstrap
from pedigree.params.features import Label
from pedigree.params.promotion import LOSSES
from pedigree.serving.chunks import rows_at_once
from pedigree.serving.version import ServedVersion

# For the intervals: as many as there are for the test rows of most experiments.
BOOTSTRAP = Bootstrap(resamples=1000, confidence=0.95, seed=0)

TESTED_ON = ("test", "validation", "train")


class Figure(NamedTuple):
    """One figure.

    Attributes:
        value: Of new data.
        low: The lower end of its interval.
        high: The upper end.
        tested: What it was when the model was tested, if that is known.
    """

    value: float
    low: float
    high: float
    tested: float | None

    def is_worse(self, name: str, by: float) -> bool:
        """Tell whether the better end of the interval is worse than in the test."""
        if self.tested is None:
            return False
        if name.rpartition(".")[2] in LOSSES:
            return self.low > self.tested + by
        return self.high < self.tested - by


class Performance(NamedTuple):
    """The figures of new data.

    Attributes:
        rows: How many rows count.
        unanswered: How many do not: they have no label, or miss a value that the model
            needs.
        figures: By name, those of each class left out.
    """

    rows: int
    unanswered: int
    figures: dict[str, Figure]


def measure_performance(
    version: ServedVersion, table: pa.Table, tested: Mapping[str, float], label: Any
) -> Performance:
    """Measure the answers to new data.

    Args:
        version: The model.
        table: Raw rows with what was to be predicted.
        tested: The figures of the training's run, `test.accuracy` and the like.
        label: The section `label` of the transform; None where numbers are predicted.

    Raises:
        WrongUseError: If the model does not answer with a class or a number per row.
        RefusedError: If a label is none of the classes, or there is no row to measure.
    """
    meta = version.meta
    if version.model.kind not in ("classes", "number") or meta.windows:
        raise WrongUseError(
            "--labels is for models that choose a class or predict a number of each "
            f"row. Received: {version.ancestry.uri}, which does neither",
            "Leave --labels out.",
        )
    actual, usable = _actual(meta.target, table, label)
    for column in meta.columns:
        if not column.nullable:
            values = table[column.name]
            usable &= ~np.asarray(pc.is_null(values, nan_is_null=True))
    if not usable.any():
        raise RefusedError(
            "new data with labels must have rows that the model can answer to. "
            "Received: none",
            "Fill in what is missing.",
        )
    rows = table.filter(pa.array(usable))
    outputs = np.concatenate(list(_answers(version, rows)))
    measured = actual[usable]
    figures: Figures
    if meta.classes:
        figures = WeightedFigures(outputs, measured, meta.classes)
    else:
        figures = WeightedErrors(outputs[:, 0], measured)
    values = figures(np.ones(len(measured), np.int64))
    intervals = bootstrap_intervals(figures, len(measured), BOOTSTRAP)
    found = {
        name: Figure(
            float(value),
            intervals[name]["low"],
            intervals[name]["high"],
            _tested(tested, name),
        )
        for name, value in zip(figures.names, values, strict=True)
        if name in intervals and not name.startswith("classes.")
    }
    return Performance(len(measured), int((~usable).sum()), found)


def _actual(
    target: str, table: pa.Table, label: Label | None
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read what was to be predicted, and which rows tell it."""
    if label is not None:
        lenient = label.model_copy(update={"missing": "drop"})
        classes = encode(lenient, table)
        return classes, classes != MISSING
    numbers = pc.cast(table[target], pa.float64()).to_numpy()
    return numbers.astype(np.float32), ~np.isnan(numbers)


def _answers(version: ServedVersion, table: pa.Table) -> Iterator[NDArray[np.float32]]:
    """Answer chunk by chunk: probabilities, or a number per row."""
    step = rows_at_once(version)
    for start in range(0, table.num_rows, step):
        answers = version.model.answer(table.slice(start, step), start)
        assert not isinstance(answers, np.ndarray)
        yield answers.drop(columns="label", errors="ignore").to_numpy(np.float32)


def _tested(tested: Mapping[str, float], name: str) -> float | None:
    found = (tested.get(f"{split}.{name}") for split in TESTED_ON)
    return next((value for value in found if value is not None), None)
