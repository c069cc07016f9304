"""Classification: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.bootstrap import bootstrap_intervals
from pedigree.evaluation.classification.confusion import (
    draw_confusion,
    write_confusion,
)
from pedigree.evaluation.classification.figures import (
    AVERAGED,
    Probabilities,
    WeightedFigures,
    split_figures,
)
from pedigree.evaluation.classification.logit_half import AccuracyAtLogitHalf
from pedigree.evaluation.classification.roc import draw_roc, roc_curves, write_roc
from pedigree.evaluation.classification.tables import write_classes
from pedigree.evaluation.console import figure
from pedigree.evaluation.figures_table import table_of_figures
from pedigree.evaluation.images import draw_image, draw_images, sample_rows
from pedigree.evaluation.measures import measure_splits
from pedigree.evaluation.tables import write_parquet
from pedigree.models.predictor import Predictor
from pedigree.models.probabilities import probabilities_of
from pedigree.params.evaluate import EvaluateClassification

if TYPE_CHECKING:
    from rich.table import Table


# The figure that tells most.
HEADLINE = "accuracy"


def predict(predictor: Predictor, x: NDArray[Any]) -> Probabilities:
    """Predict class probabilities, shape (rows, classes)."""
    return probabilities_of(predictor(x))


def figures(probabilities: Probabilities, arrays: Arrays, meta: Meta) -> dict[str, Any]:
    """Compute the figures of one split."""
    return split_figures(probabilities, arrays.y, _classes(meta))


def measure(
    probabilities: Mapping[str, Probabilities],
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: EvaluateClassification,
) -> dict[str, Any]:
    """Measure each split, and the reported one with intervals and a yardstick.

    Args:
        probabilities: Per split, what `predict` returned, shape (rows, classes).
        splits: Per split, the prepared arrays; a yardstick trains on all but the
            reported one.
        meta: Names the classes.
        parameters: The section `evaluate` of the experiment.

    Returns:
        The content of `metrics.json`.

    Raises:
        RefusedError: If a split is empty, or its probabilities are none.
    """
    metrics = measure_splits(
        probabilities, splits, meta, parameters, figures=figures, weighted=_weighted
    )
    reported = parameters.splits[-1]
    if parameters.accuracy_at_logit_half:
        at_half = {
            split: AccuracyAtLogitHalf(probabilities[split], splits[split].y)
            for split in parameters.splits
        }
        for split, accuracy in at_half.items():
            metrics[split] |= accuracy.figures()
        metrics["intervals"][reported] |= bootstrap_intervals(
            at_half[reported], len(probabilities[reported]), parameters.bootstrap
        )
    if parameters.yardstick:
        from pedigree.evaluation.classification.yardstick import hist_gradient_boosting

        others = [splits[split] for split in splits if split != reported]
        metrics["yardstick"] = hist_gradient_boosting(others, splits[reported])
    return metrics


def write_predictions(
    path: Path, probabilities: Probabilities, reported: Arrays, meta: Meta
) -> None:
    """Write the predictions of the reported split as Parquet.

    One line per row, in the order of the split: `row` (its number in the raw
    data), `label` and `predicted` (names of classes), and `probability_<class>`
    (float32) for each class.
    """
    names = np.array(_classes(meta))
    columns = {
        "row": reported.rows,
        "label": names[reported.y],
        "predicted": names[probabilities.argmax(axis=1)],
    }
    for index, name in enumerate(_classes(meta)):
        columns[f"probability_{name}"] = probabilities[:, index]
    write_parquet(path, columns)


def write_points(
    path: Path, probabilities: Probabilities, reported: Arrays, meta: Meta
) -> None:
    """Write what `dvc plots` draws: the actual and the predicted class of each row."""
    predicted = probabilities.argmax(axis=1)
    write_confusion(reported.y, predicted, _classes(meta), path)


def write_tables(
    folder: Path, probabilities: Probabilities, reported: Arrays, meta: Meta
) -> None:
    """Write the table of classes and the points of the ROC curves as CSV."""
    classes = _classes(meta)
    predicted = probabilities.argmax(axis=1)
    write_classes(reported.y, predicted, classes, folder / "classes.csv")
    write_roc(roc_curves(probabilities, reported.y, classes), folder / "roc.csv")


def draw(
    folder: Path,
    probabilities: Probabilities,
    reported: Arrays,
    meta: Meta,
    parameters: EvaluateClassification,
) -> None:
    """Draw the confusion matrix, the ROC curves and samples of the reported split."""
    classes = _classes(meta)
    predicted = probabilities.argmax(axis=1)
    draw_confusion(reported.y, predicted, classes, folder / "confusion.png")
    curves = roc_curves(probabilities, reported.y, classes)
    draw_roc(curves, folder / "roc.png")
    if parameters.samples:
        rows = sample_rows(parameters.samples, len(reported.y))
        titles = [f"{classes[predicted[r]]} ({classes[reported.y[r]]})" for r in rows]
        colours = ["green" if predicted[r] == reported.y[r] else "red" for r in rows]
        path = folder / "samples.png"
        if len(rows) == 1:
            draw_image(reported.x[rows[0]], path, titles[0], colours[0])
            return
        draw_images(
            reported.x[rows],
            path,
            columns=parameters.samples.columns,
            titles=titles,
            colours=colours,
        )


def tables(metrics: Mapping[str, Any]) -> "list[Table]":
    """Lay out the figures for a terminal or a log.

    Args:
        metrics: What `measure` returned.

    Returns:
        The figures of each split with the intervals of the reported one, then the
        classes of that.
    """
    titles = {
        "accuracy": "accuracy",
        "log_loss": "log loss",
        "roc_auc_macro": "ROC AUC",
    }
    return [table_of_figures(metrics, titles), _table_of_classes(metrics)]


def _table_of_classes(metrics: Mapping[str, Any]) -> "Table":
    """Lay out the figures of each class of the reported split, and their averages."""
    from rich.markup import escape
    from rich.table import Table

    (reported,) = metrics["intervals"]
    per_class = Table(f"{reported} class", title="Classes", title_justify="left")
    columns = (*AVERAGED, "roc_auc", "support")
    for column in columns:
        per_class.add_column(column.replace("roc_auc", "ROC AUC"), justify="right")
    for name, entry in metrics[reported]["classes"].items():
        per_class.add_row(
            escape(name), *(figure(entry.get(column)) for column in columns)
        )
    for average in ("macro", "weighted"):
        averages = (metrics[reported].get(f"{column}_{average}") for column in columns)
        per_class.add_row(f"{average} average", *map(figure, averages))
    return per_class


def _weighted(
    probabilities: Probabilities, arrays: Arrays, meta: Meta
) -> WeightedFigures:
    return WeightedFigures(probabilities, arrays.y, _classes(meta))


def _classes(meta: Meta) -> tuple[str, ...]:
    """The names of the classes.

    Raises:
        WrongUseError: If numbers are predicted.
    """
    if meta.classes is None:
        raise WrongUseError(
            "evaluate.task=classification must have a label with classes. Received: "
            f"the target {meta.target}, a number",
            "Set `evaluate.task` to regression in params.yaml.",
        )
    return meta.classes
