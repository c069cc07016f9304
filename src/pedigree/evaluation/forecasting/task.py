"""Forecasting: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.evaluation.bootstrap import bootstrap_intervals
from pedigree.evaluation.console import figure
from pedigree.evaluation.drawing import new_figure, save_figure, write_csv
from pedigree.evaluation.forecasting.figures import (
    NAMES,
    Numbers,
    WeightedForecasts,
    persistence,
    split_figures,
)
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
    metrics: dict[str, Any] = {
        split: figures(predicted[split], splits[split], meta)
        for split in parameters.splits
    }
    reported = parameters.splits[-1]
    actual = splits[reported].y
    naive = persistence(splits[reported], meta)
    errors = WeightedForecasts(predicted[reported], naive, actual)
    metrics["intervals"] = {
        reported: bootstrap_intervals(errors, len(actual), parameters.bootstrap)
    }
    return metrics


def write_predictions(
    path: Path, predicted: Numbers, reported: Arrays, meta: Meta
) -> None:
    """Write the forecasts of the reported split as Parquet.

    One line per window, in the order of the split: `row` (the number in the raw data of
    the row that is predicted), `actual`, `predicted` and `naive`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = _columns(predicted, reported, meta)
    pq.write_table(
        pa.table({name: pa.array(np.asarray(each)) for name, each in columns.items()}),
        path,
    )


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
    from rich.table import Table

    ((reported, intervals),) = metrics["intervals"].items()
    table = Table("split", title="Figures", title_justify="left")
    for name in NAMES:
        table.add_column(name.replace("_", " "), justify="right")
    for split in ("train", "validation", "test"):
        if split in metrics:
            table.add_row(split, *(figure(metrics[split].get(name)) for name in NAMES))
    ends = (
        "{} to {}".format(*map(figure, intervals[name].values()))
        if name in intervals
        else figure(None)
        for name in NAMES
    )
    table.add_row(f"{reported} interval", *ends)
    return [table]


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
