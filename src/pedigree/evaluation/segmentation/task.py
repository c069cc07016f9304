"""Segmentation: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.figures_table import table_of_figures
from pedigree.evaluation.images import sample_rows
from pedigree.evaluation.measures import measure_splits
from pedigree.evaluation.segmentation.figures import (
    Confusions,
    Masks,
    WeightedImages,
    confusions_of,
    ious,
    split_figures,
)
from pedigree.evaluation.segmentation.overlays import draw_overlays
from pedigree.evaluation.tables import write_csv, write_parquet
from pedigree.models.predictor import Predictor
from pedigree.params.evaluate import EvaluateSegmentation

if TYPE_CHECKING:
    from rich.table import Table

# The figure that tells most.
HEADLINE = "mean_iou"

# Images whose probabilities are in memory together.
IMAGES_AT_ONCE = 64


def predict(predictor: Predictor, x: NDArray[Any]) -> Masks:
    """Predict the class of every pixel, shape (rows, height, width).

    Raises:
        RefusedError: If a probability is not a finite number.
    """
    masks = []
    for start in range(0, len(x), IMAGES_AT_ONCE):
        probabilities = predictor(x[start : start + IMAGES_AT_ONCE])
        if not np.isfinite(probabilities).all():
            raise RefusedError(
                "probabilities must be finite numbers. Received: others for one of the "
                f"images from {start} on",
                "The training diverged: a lower `train.optimizer.learning_rate` may "
                "help.",
            )
        masks.append(probabilities.argmax(axis=-1).astype(np.uint8))
    return np.concatenate(masks)


def figures(predicted: Masks, arrays: Arrays, meta: Meta) -> dict[str, Any]:
    """Compute the figures of one split."""
    return split_figures(_confusions(predicted, arrays, meta), _classes(meta, arrays))


def measure(
    predicted: Mapping[str, Masks],
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: EvaluateSegmentation,
) -> dict[str, Any]:
    """Measure each split, and the reported one with intervals over its images.

    Args:
        predicted: Per split, what `predict` returned.
        splits: Per split, the prepared arrays.
        meta: Names the classes.
        parameters: The section `evaluate` of the experiment.

    Returns:
        The content of `metrics.json`.

    Raises:
        WrongUseError: If pixels have no classes.
        RefusedError: If a split is empty, or the masks have another shape.
    """
    return measure_splits(
        predicted, splits, meta, parameters, figures=figures, weighted=_weighted
    )


def write_predictions(
    path: Path, predicted: Masks, reported: Arrays, meta: Meta
) -> None:
    """Write one line per image of the reported split as Parquet.

    `row` (its number in the raw data), `pixel_accuracy`, `mean_iou`, and `iou_<class>`,
    which is missing for a class that the image has not.
    """
    confusions = _confusions(predicted, reported, meta)
    shares = np.array([ious(each) for each in confusions])
    columns = {
        "row": reported.rows,
        "pixel_accuracy": _accuracies(confusions),
        "mean_iou": np.nanmean(shares, axis=1),
    }
    for index, name in enumerate(_classes(meta, reported)):
        columns[f"iou_{name}"] = shares[:, index]
    write_parquet(path, columns)


def write_points(path: Path, predicted: Masks, reported: Arrays, meta: Meta) -> None:
    """Write what `dvc plots` draws: the mean IoU of each image."""
    means = _means(_confusions(predicted, reported, meta))
    pairs = zip(reported.rows.tolist(), means.tolist(), strict=True)
    write_csv(path, ("row", "mean_iou"), pairs)


def write_tables(folder: Path, predicted: Masks, reported: Arrays, meta: Meta) -> None:
    """Write the pixels by class, and the images with the smallest mean IoU, as CSV."""
    confusions = _confusions(predicted, reported, meta)
    classes = _classes(meta, reported)
    lines = zip(classes, *confusions.sum(axis=0).T.tolist(), strict=True)
    header = ("actual", *(f"predicted_{name}" for name in classes))
    write_csv(folder / "pixels.csv", header, lines)
    means = _means(confusions)
    worst = np.argsort(means, kind="stable")[:20]
    rows = ((int(reported.rows[r]), float(means[r])) for r in worst)
    write_csv(folder / "smallest_ious.csv", ("row", "mean_iou"), rows)


def draw(
    folder: Path,
    predicted: Masks,
    reported: Arrays,
    meta: Meta,
    parameters: EvaluateSegmentation,
) -> None:
    """Draw the mean IoU of the images as a histogram, and samples with their masks."""
    classes = _classes(meta, reported)
    histogram = new_figure(width=6, height=4)
    axes = histogram.subplots()
    axes.hist(_means(_confusions(predicted, reported, meta)), bins=30, range=(0, 1))
    axes.set(xlabel="mean intersection over union of an image", ylabel="images")
    axes.grid(alpha=0.3)
    save_figure(histogram, folder / "ious.png")
    if parameters.samples:
        rows = sample_rows(parameters.samples, len(predicted))
        draw_overlays(
            reported.x[rows],
            (reported.y[rows], predicted[rows]),
            ("actual", "predicted"),
            classes,
            folder / "samples.png",
        )


def tables(metrics: Mapping[str, Any]) -> "list[Table]":
    """Lay out the figures of each split, with the intervals of the reported one.

    Args:
        metrics: What `measure` returned.
    """
    ((reported, _),) = metrics["intervals"].items()
    titles = {"pixel_accuracy": "pixel accuracy", "mean_iou": "mean IoU"}
    titles |= {
        f"classes.{name}.iou": f"IoU of {name}" for name in metrics[reported]["classes"]
    }
    return [table_of_figures(metrics, titles)]


def _weighted(predicted: Masks, arrays: Arrays, meta: Meta) -> WeightedImages:
    confusions = _confusions(predicted, arrays, meta)
    return WeightedImages(confusions, _classes(meta, arrays))


def _confusions(predicted: Masks, arrays: Arrays, meta: Meta) -> Confusions:
    return confusions_of(predicted, arrays.y, len(_classes(meta, arrays)))


def _means(confusions: Confusions) -> NDArray[np.float64]:
    """The mean IoU of each image by itself."""
    return np.array([np.nanmean(ious(each)) for each in confusions])


def _accuracies(confusions: Confusions) -> NDArray[np.float64]:
    right = np.trace(confusions, axis1=1, axis2=2)
    accuracies: NDArray[np.float64] = right / confusions.sum(axis=(1, 2))
    return accuracies


def _classes(meta: Meta, arrays: Arrays) -> tuple[str, ...]:
    """The names of the classes.

    Raises:
        WrongUseError: If pixels have none.
    """
    if meta.classes is None or arrays.y.ndim != 3:
        raise WrongUseError(
            "evaluate.task=segmentation must have masks with classes. Received: "
            f"{meta.target} of shape {arrays.y.shape}",
            "Set `transform.masks`, or another `evaluate.task`, in params.yaml.",
        )
    return meta.classes
