"""Reconstruction: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError
from pedigree.evaluation.bootstrap import Counts
from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.figures_table import table_of_figures
from pedigree.evaluation.images import draw_images, sample_rows
from pedigree.evaluation.measures import figures_of, measure_splits
from pedigree.evaluation.tables import write_csv, write_parquet
from pedigree.models.predictor import Predictor
from pedigree.params.evaluate import EvaluateReconstruction

if TYPE_CHECKING:
    from rich.table import Table

Outputs = NDArray[np.float32]
NAMES = ("mse", "mae")
# Examples at a time: bounds the memory.
ROWS_AT_ONCE = 4096


# The figure that tells most.
HEADLINE = "mse"


def predict(predictor: Predictor, x: NDArray[Any]) -> Outputs:
    """Reconstruct examples, shape (rows, *input shape)."""
    return predictor(x)


def figures(outputs: Outputs, arrays: Arrays, meta: Meta) -> dict[str, float]:
    """Compute the figures of one split: the number of rows, and `NAMES`."""
    return figures_of(_errors(outputs, arrays, meta), len(outputs))


def measure(
    outputs: Mapping[str, Outputs],
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: EvaluateReconstruction,
) -> dict[str, Any]:
    """Measure each split, and the reported one with intervals.

    `mse` and `mae` are the means, over all values of all rows, of the squared and the
    absolute difference to the input as the model scales it.

    Args:
        outputs: Per split, what `predict` returned.
        splits: Per split, the prepared arrays.
        meta: Says how the model scales its input.
        parameters: The section `evaluate` of the experiment.

    Returns:
        The content of `metrics.json`.

    Raises:
        RefusedError: If an output is not a finite number, or has another shape than
            its input.
    """
    return measure_splits(
        outputs, splits, meta, parameters, figures=figures, weighted=_errors
    )


class RowErrors:
    """Mean errors of each row, for samples in which it counts a number of times.

    Args:
        outputs: Reconstructions, shape (rows, *input shape).
        x: What was reconstructed, same shape, not yet scaled.
        divide_by: What the model divides its input by.
    """

    names: tuple[str, ...] = NAMES

    def __init__(
        self, outputs: Outputs, x: NDArray[Any], divide_by: float | None
    ) -> None:
        if outputs.shape != x.shape or not np.isfinite(outputs).all():
            raise RefusedError(
                f"reconstructions must be finite and of shape {x.shape}. Received: "
                f"shape {outputs.shape}, {np.count_nonzero(~np.isfinite(outputs))} "
                "values that are not finite",
                "Choose an architecture that gives back its input; a lower learning "
                "rate may help.",
            )
        self.squared, self.absolute = (
            np.concatenate(parts)
            for parts in zip(*_differences(outputs, x, divide_by), strict=True)
        )

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figures, in the order of `names`."""
        sums = np.array([counts @ self.squared, counts @ self.absolute])
        means: NDArray[np.float64] = sums / counts.sum()
        return means


def _differences(outputs: Outputs, x: NDArray[Any], divide_by: float | None) -> Any:
    """Yield the mean squared and the mean absolute error of rows, part by part."""
    for start in range(0, len(x), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        scaled = x[part].astype(np.float64) / (divide_by or 1)
        difference = (outputs[part] - scaled).reshape(len(scaled), -1)
        yield (difference**2).mean(axis=1), abs(difference).mean(axis=1)


def write_predictions(
    path: Path, outputs: Outputs, reported: Arrays, meta: Meta
) -> None:
    """Write the error of each row of the reported split as Parquet: `row`, `mse`."""
    errors = _errors(outputs, reported, meta)
    write_parquet(path, {"row": reported.rows, "mse": errors.squared})


def write_points(path: Path, outputs: Outputs, reported: Arrays, meta: Meta) -> None:
    """Write what `dvc plots` draws: the error of each row."""
    errors = _errors(outputs, reported, meta)
    lines = zip(reported.rows.tolist(), errors.squared.tolist(), strict=True)
    write_csv(path, ("row", "mse"), lines)


def write_tables(folder: Path, outputs: Outputs, reported: Arrays, meta: Meta) -> None:
    """Write the rows with the largest errors as CSV."""
    errors = _errors(outputs, reported, meta).squared
    worst = np.argsort(-errors, kind="stable")[:20]
    lines = ((int(reported.rows[row]), float(errors[row])) for row in worst)
    write_csv(folder / "largest_errors.csv", ("row", "mse"), lines)


def draw(
    folder: Path,
    outputs: Outputs,
    reported: Arrays,
    meta: Meta,
    parameters: EvaluateReconstruction,
) -> None:
    """Draw the errors as a histogram, and samples above their reconstructions."""
    from matplotlib.ticker import MaxNLocator

    errors = _errors(outputs, reported, meta).squared
    histogram = new_figure(width=6, height=4)
    axes = histogram.subplots()
    axes.hist(errors, bins=50)
    axes.set(xlabel="mean squared error of a row", ylabel="rows")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    save_figure(histogram, folder / "errors.png")
    if parameters.samples:
        _draw_samples(folder / "samples.png", outputs, reported, meta, parameters)


def _draw_samples(
    path: Path,
    outputs: Outputs,
    reported: Arrays,
    meta: Meta,
    parameters: EvaluateReconstruction,
) -> None:
    """Draw each row of samples, and below it what the model makes of them."""
    assert parameters.samples
    rows = sample_rows(parameters.samples, len(outputs))
    columns = parameters.samples.columns
    originals = reported.x[rows] / (meta.divide_by or 1)
    columns = min(columns, len(rows))
    images: list[NDArray[Any] | None] = []
    for start in range(0, len(rows), columns):
        part = slice(start, start + columns)
        empty = [None] * (columns - len(rows[part]))
        images += [*originals[part], *empty, *outputs[rows[part]], *empty]
    lines = len(images) // columns // 2
    titles = (["original"] * columns + ["reconstruction"] * columns) * lines
    # The brightness of both is to be compared.
    limits = (float(originals.min()), float(originals.max()))
    draw_images(images, path, columns=columns, titles=titles, limits=limits)


def tables(metrics: Mapping[str, Any]) -> "list[Table]":
    """Lay out the figures of each split, with the intervals of the reported one.

    Args:
        metrics: What `measure` returned.
    """
    titles = {name: name.upper() for name in NAMES}
    return [table_of_figures(metrics, titles, decimals=6)]


def _errors(outputs: Outputs, arrays: Arrays, meta: Meta) -> RowErrors:
    return RowErrors(outputs, arrays.x, meta.divide_by)
