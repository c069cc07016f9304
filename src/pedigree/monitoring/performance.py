"""How well a model answers to new data, beside how well it did when it was tested.

Accuracy and the recall of a class are shares of rows, whose interval is exact however
few they are (Clopper and Pearson 1934). That of another figure is of resamples, which
say nothing of a few rows: a threshold on it counts from a number of rows on.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pedigree.data.transforms.labels import MISSING, encode
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.bootstrap import Figures, Interval, bootstrap_intervals
from pedigree.evaluation.classification.figures import WeightedFigures
from pedigree.evaluation.regression.figures import NAMES, WeightedErrors
from pedigree.params.evaluate import Bootstrap
from pedigree.params.features import Label
from pedigree.params.promotion import LOSSES
from pedigree.serving.chunks import rows_at_once
from pedigree.serving.version import ServedVersion
from pedigree.tracking.run_log import entity_name

# For the intervals: as many as there are for the test rows of most experiments.
BOOTSTRAP = Bootstrap(resamples=1000, confidence=0.95, seed=0)

# Shares of all rows; the recall of a class is one of its rows.
SHARES = ("accuracy", "recall_weighted")

# From so many rows on a threshold counts, where the interval is of resamples.
ROWS_AT_LEAST = 30

TESTED_ON = ("test", "validation", "train")


class Figure(NamedTuple):
    """One figure.

    Attributes:
        value: Of new data.
        low: The lower end of its interval.
        high: The upper end.
        tested: What it was when the model was tested, if that is known.
        rows: How many rows it is a figure of: all, or those of its class.
        exact: Whether the interval is, and not one of resamples.
    """

    value: float
    low: float
    high: float
    tested: float | None
    rows: int
    exact: bool

    @property
    def counts(self) -> bool:
        """Whether there are rows enough for a threshold."""
        return self.exact or self.rows >= ROWS_AT_LEAST

    def is_worse(self, name: str, by: float) -> bool:
        """Tell whether the better end of the interval is worse than in the test.

        Args:
            name: The name of the figure, which tells whether it is a loss.
            by: How much worse it may be.
        """
        if self.tested is None or not self.counts:
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
        figures: By name; of those of each class, the one that is asked for.
    """

    rows: int
    unanswered: int
    figures: dict[str, Figure]


def require_metric(
    version: ServedVersion, metric: str, tested: Mapping[str, float]
) -> None:
    """Refuse a declared metric that new data cannot be measured by.

    Args:
        version: The model.
        metric: Its name.
        tested: The figures of the training's run.

    Raises:
        WrongUseError: If the test did not measure it, or new data have none such.
    """
    known = [name for name in _names(version) if _tested(tested, name) is not None]
    if metric not in known:
        raise WrongUseError(
            f"monitoring.{version.ancestry.name}.performance.metric must be one of "
            f"{', '.join(known) or 'none'}. Received: {metric}",
            "Correct the section `monitoring` of params.yaml.",
        )


def measure_performance(
    version: ServedVersion,
    table: pa.Table,
    tested: Mapping[str, float],
    label: Any,
    metric: str | None = None,
) -> Performance:
    """Measure the answers to new data.

    Args:
        version: The model.
        table: Raw rows with what was to be predicted.
        tested: The figures of the training's run, `test.accuracy` and the like.
        label: The section `label` of the transform; None where numbers are predicted.
        metric: The figure that a threshold is about.

    Raises:
        WrongUseError: If the model does not answer with a class or a number per row.
        RefusedError: If a label is none of the classes, or there is no row to measure.
    """
    meta = version.meta
    if not _names(version):
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
    found = {}
    for name, value in zip(figures.names, values.tolist(), strict=True):
        if name in intervals and (name == metric or not name.startswith("classes.")):
            rows = _rows_of(name, measured, meta.classes)
            exact = name in SHARES or name.endswith(".recall")
            ends = _exact_interval(value, rows) if exact else intervals[name]
            found[name] = Figure(
                value, ends["low"], ends["high"], _tested(tested, name), rows, exact
            )
    return Performance(len(measured), int((~usable).sum()), found)


def _names(version: ServedVersion) -> tuple[str, ...]:
    """Name what can be measured of new rows; nothing where a row has no answer."""
    if version.meta.windows:
        return ()
    if version.model.kind == "number":
        return NAMES
    if version.model.kind == "classes":
        classes = version.meta.classes or ()
        sample = np.eye(len(classes), dtype=np.float32)  # any will do: one row of each
        return WeightedFigures(sample, np.arange(len(classes)), classes).names
    return ()


def _rows_of(name: str, actual: NDArray[Any], classes: tuple[str, ...] | None) -> int:
    """Count the rows that a figure is of."""
    of_class, _, rest = name.partition(".")
    if of_class != "classes" or not classes:
        return len(actual)
    return int((actual == classes.index(rest.rpartition(".")[0])).sum())


def _exact_interval(share: float, rows: int) -> Interval:
    from scipy.stats import binomtest

    ends = binomtest(round(share * rows), rows).proportion_ci(BOOTSTRAP.confidence)
    return Interval(low=float(ends.low), high=float(ends.high))


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
    found = (tested.get(entity_name(f"{split}.{name}")) for split in TESTED_ON)
    return next((value for value in found if value is not None), None)
