"""Regression: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.figures_table import table_of_figures
from pedigree.evaluation.measures import measure_splits
from pedigree.evaluation.regression.figures import (
    NAMES,
    Numbers,
    WeightedErrors,
    split_figures,
)
from pedigree.evaluation.tables import write_csv, write_parquet
from pedigree.models.predictor import Predictor
from pedigree.params.evaluate import EvaluateRegression

if TYPE_CHECKING:
    from rich.table import Table


# The figure that tells most.
HEADLINE = "mse"


def predict(predictor: Predictor, x: NDArray[Any]) -> Numbers:
    """Predict numbers, shape (rows,)."""
    return predictor(x).reshape(len(x))


def figures(predicted: Numbers, arrays: Arrays, meta: Meta) -> dict[str, float]:
    """Compute the figures of one split."""
    del meta
    return split_figures(predicted, arrays.y)


def measure(
    predicted: Mapping[str, Numbers],
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: EvaluateRegression,
) -> dict[str, Any]:
    """Measure each split, and the reported one with intervals.

    Args:
        predicted: Per split, what `predict` returned, shape (rows,).
        splits: Per split, the prepared arrays.
        meta: Says that numbers are predicted.
        parameters: The section `evaluate` of the experiment.

    Returns:
        The content of `metrics.json`.

    Raises:
        WrongUseError: If classes are predicted.
        RefusedError: If a split is empty, or a prediction is not a finite number.
    """
    if meta.classes is not None:
        raise WrongUseError(
            "evaluate.task=regression must have a target with numbers. Received: the "
            f"label {meta.target}, with classes",
            "Set `evaluate.task` to classification in params.yaml.",
        )
    return measure_splits(
        predicted, splits, meta, parameters, figures=figures, weighted=_weighted
    )


def write_predictions(
    path: Path, predicted: Numbers, reported: Arrays, meta: Meta
) -> None:
    """Write the predictions of the reported split as Parquet.

    One line per row, in the order of the split: `row` (its number in the raw data),
    `actual` and `predicted`.
    """
    del meta
    columns = {"row": reported.rows, "actual": reported.y, "predicted": predicted}
    write_parquet(path, columns)


def write_points(path: Path, predicted: Numbers, reported: Arrays, meta: Meta) -> None:
    """Write what `dvc plots` draws: the actual and the predicted number of each row."""
    del meta
    pairs = zip(reported.y.tolist(), predicted.tolist(), strict=True)
    write_csv(path, ("actual", "predicted"), pairs)


def write_tables(
    folder: Path, predicted: Numbers, reported: Arrays, meta: Meta
) -> None:
    """Write the rows with the largest errors as CSV."""
    del meta
    errors = predicted - reported.y
    worst = np.argsort(-abs(errors), kind="stable")[:20]
    lines = (
        (int(reported.rows[r]), float(reported.y[r]), float(predicted[r]))
        for r in worst
    )
    write_csv(folder / "largest_errors.csv", ("row", "actual", "predicted"), lines)


def draw(
    folder: Path,
    predicted: Numbers,
    reported: Arrays,
    meta: Meta,
    parameters: EvaluateRegression,
) -> None:
    """Draw the predicted by the actual numbers, and the errors as a histogram."""
    from matplotlib.ticker import MaxNLocator

    del parameters
    figure = new_figure(width=10, height=4.4)
    points, histogram = figure.subplots(1, 2)
    ends = [
        min(reported.y.min(), predicted.min()),
        max(reported.y.max(), predicted.max()),
    ]
    points.plot(ends, ends, ":", color="grey")
    points.plot(reported.y, predicted, "o", alpha=0.5, markersize=4)
    points.set(xlabel=f"actual {meta.target}", ylabel=f"predicted {meta.target}")
    histogram.hist(predicted - reported.y, bins=30)
    histogram.axvline(0, color="grey", linestyle=":")
    histogram.set(xlabel="predicted less actual", ylabel="rows")
    histogram.yaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (points, histogram):
        axes.grid(alpha=0.3)
    save_figure(figure, folder / "predictions.png")


def tables(metrics: Mapping[str, Any]) -> "list[Table]":
    """Lay out the figures of each split, with the intervals of the reported one.

    Args:
        metrics: What `measure` returned.
    """
    return [table_of_figures(metrics, {name: name.upper() for name in NAMES})]


def _weighted(predicted: Numbers, arrays: Arrays, meta: Meta) -> WeightedErrors:
    del meta
    return WeightedErrors(predicted, arrays.y)
