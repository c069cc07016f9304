"""Regression: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.bootstrap import bootstrap_intervals
from pedigree.evaluation.console import figure
from pedigree.evaluation.drawing import new_figure, save_figure, write_csv
from pedigree.evaluation.regression.figures import (
    NAMES,
    Numbers,
    WeightedErrors,
    split_figures,
)
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
    metrics: dict[str, Any] = {
        split: figures(predicted[split], splits[split], meta)
        for split in parameters.splits
    }
    reported = parameters.splits[-1]
    errors = WeightedErrors(predicted[reported], splits[reported].y)
    rows = len(splits[reported].y)
    metrics["intervals"] = {
        reported: bootstrap_intervals(errors, rows, parameters.bootstrap)
    }
    return metrics


def write_predictions(
    path: Path, predicted: Numbers, reported: Arrays, meta: Meta
) -> None:
    """Write the predictions of the reported split as Parquet.

    One line per row, in the order of the split: `row` (its number in the raw data),
    `actual` and `predicted`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    del meta
    columns = {"row": reported.rows, "actual": reported.y, "predicted": predicted}
    pq.write_table(
        pa.table({name: pa.array(np.asarray(each)) for name, each in columns.items()}),
        path,
    )


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
    from rich.table import Table

    ((reported, intervals),) = metrics["intervals"].items()
    table = Table("split", title="Figures", title_justify="left")
    for name in NAMES:
        table.add_column(name.upper(), justify="right")
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
