"""Forecasting: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.figures_table import table_of_figures
from pedigree.evaluation.forecasting.figures import (
    NAMES,
    Numbers,
    WeightedForecasts,
    persistence,
    split_figures,
)
from pedigree.evaluation.measures import measure_splits
from pedigree.evaluation.tables import write_csv, write_parquet
from pedigree.models.predictor import Predictor
from pedigree.params.evaluate import EvaluateForecasting

if TYPE_CHECKING:
    from rich.table import Table


# The figure that tells most.
HEADLINE = "mae"

# Forecasts that are drawn: more would hide each other. Ten days, of six an hour.
STRETCH = 1440


def predict(predictor: Predictor, x: NDArray[Any]) -> Numbers:
    """Predict numbers, shape (rows,)."""
    return predictor(x).reshape(len(x))


def figures(predicted: Numbers, arrays: Arrays, meta: Meta) -> dict[str, float]:
    """Compute the figures of one split."""
    return split_figures(predicted, persistence(arrays, meta), arrays.y)


def measure(
    predicted: Mapping[str, Numbers],
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: EvaluateForecasting,
) -> dict[str, Any]:
    """Measure each split beside the naive forecast; the last one with intervals.

    Args:
        predicted: Per split, what `predict` returned, shape (rows,).
        splits: Per split, the prepared arrays.
        meta: Says how windows were cut and normalised.
        parameters: The section `evaluate` of the experiment.

    Returns:
        The content of `metrics.json`. All figures are in the unit of the target.

    Raises:
        WrongUseError: If the examples are no windows.
        RefusedError: If a split is empty, or a prediction is not a finite number.
    """
    return measure_splits(
        predicted, splits, meta, parameters, figures=figures, weighted=_weighted
    )


def write_predictions(
    path: Path, predicted: Numbers, reported: Arrays, meta: Meta
) -> None:
    """Write the forecasts of the reported split as Parquet.

    One line per window, in the order of the split: `row` (the number in the raw data of
    the row that is predicted), `actual`, `predicted` and `naive`.
    """
    write_parquet(path, _columns(predicted, reported, meta))


def write_points(path: Path, predicted: Numbers, reported: Arrays, meta: Meta) -> None:
    """Write what `dvc plots` draws: the columns of the predictions, of a stretch."""
    columns = _columns(predicted, reported, meta)
    stretch = (each[:STRETCH].tolist() for each in columns.values())
    write_csv(path, tuple(columns), zip(*stretch, strict=True))


def write_tables(
    folder: Path, predicted: Numbers, reported: Arrays, meta: Meta
) -> None:
    """Write the rows with the largest errors as CSV."""
    columns = _columns(predicted, reported, meta)
    worst = np.argsort(-abs(predicted - reported.y), kind="stable")[:20]
    lines = zip(*(each[worst].tolist() for each in columns.values()), strict=True)
    write_csv(folder / "largest_errors.csv", tuple(columns), lines)


def draw(
    folder: Path,
    predicted: Numbers,
    reported: Arrays,
    meta: Meta,
    parameters: EvaluateForecasting,
) -> None:
    """Draw a stretch of forecasts and of what came, and the errors as a histogram."""
    del parameters
    columns = _columns(predicted, reported, meta)
    stretch = {name: each[:STRETCH] for name, each in columns.items()}
    figure = new_figure(width=10, height=7.5)
    course, histogram = figure.subplots(2, 1)
    course.plot(stretch["row"], stretch["actual"], color="black", label="actual")
    course.plot(stretch["row"], stretch["naive"], ":", color="grey", label="naive")
    course.plot(stretch["row"], stretch["predicted"], color="C0", label="predicted")
    course.set(xlabel="row of the raw data", ylabel=meta.target)
    errors = {
        name: columns[name] - columns["actual"] for name in ("predicted", "naive")
    }
    edges = np.histogram_bin_edges(np.concatenate([*errors.values()]), bins=40)
    for name, colour in (("naive", "grey"), ("predicted", "C0")):
        histogram.hist(errors[name], bins=edges, color=colour, alpha=0.6, label=name)
    histogram.axvline(0, color="black", linestyle=":")
    histogram.set(xlabel=f"forecast less actual {meta.target}", ylabel="forecasts")
    for axes in (course, histogram):
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, folder / "forecasts.png")


def tables(metrics: Mapping[str, Any]) -> "list[Table]":
    """Lay out the figures of each split, with the intervals of the reported one.

    Args:
        metrics: What `measure` returned.
    """
    titles = {name: name.replace("_", " ") for name in NAMES}
    return [table_of_figures(metrics, titles)]


def _weighted(predicted: Numbers, arrays: Arrays, meta: Meta) -> WeightedForecasts:
    return WeightedForecasts(predicted, persistence(arrays, meta), arrays.y)


def _columns(
    predicted: Numbers, reported: Arrays, meta: Meta
) -> dict[str, NDArray[Any]]:
    """What is told of each forecast, by the name of its column."""
    return {
        "row": reported.rows,
        "actual": reported.y,
        "predicted": predicted,
        "naive": persistence(reported, meta),
    }
