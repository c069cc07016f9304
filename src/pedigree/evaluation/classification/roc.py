"""ROC curves of the classes against the rest, and their averages."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.tables import write_csv

Labels = NDArray[np.int64]

# Enough for a smooth curve; a browser stays quick with ten classes of them.
CURVE_POINTS = 200
# More curves than colours that can be told apart: then they are drawn alike.
MOST_COLOURS = 20
AVERAGES = {"micro average": "black", "macro average": "dimgrey"}


class RocCurve(NamedTuple):
    """A ROC curve.

    Attributes:
        name: A class, or the way of averaging.
        false_positive_rate: Shape (points,).
        true_positive_rate: Shape (points,).
        area: The area under the whole curve, before points were thinned out.
    """

    name: str
    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    area: float


def draw_roc(curves: Sequence[RocCurve], path: Path) -> None:
    """Draw ROC curves: of the classes, and dashed their averages.

    Where the averages crowd in the upper left corner, an inset enlarges it.
    """
    import matplotlib

    classes = sum(curve.name not in AVERAGES for curve in curves)
    colours = matplotlib.colormaps["tab10" if classes <= 10 else "tab20"]
    figure = new_figure(width=8, height=5.2)
    axes = figure.subplots()
    corner = axes.inset_axes((0.4, 0.12, 0.52, 0.52), xlim=(0, 0.2), ylim=(0.8, 1))
    axes.plot([0, 1], [0, 1], ":", color="grey", label="chance (0.5000)")
    for index, curve in enumerate(curves):
        line: dict[str, Any] = {"color": colours(index), "linewidth": 1.3}
        label: str | None = f"{curve.name} ({curve.area:.4f})"
        if curve.name in AVERAGES:
            line = {"color": AVERAGES[curve.name], "linewidth": 2, "linestyle": "--"}
        elif classes > MOST_COLOURS:
            line, label = {"color": "lightsteelblue", "linewidth": 1}, None
        for each in (axes, corner):
            each.plot(curve.false_positive_rate, curve.true_positive_rate, **line)
        axes.lines[-1].set_label(label)
    if min(curve.area for curve in curves) > 0.9:
        corner.tick_params(labelsize=8)
        corner.grid(alpha=0.3)
        axes.indicate_inset_zoom(corner)
    else:
        corner.remove()
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right center", title="ROC AUC", fontsize=9)
    save_figure(figure, path)


def roc_curves(
    probabilities: NDArray[np.float32], labels: Labels, classes: Sequence[str]
) -> list[RocCurve]:
    """Compute the ROC curve of each class against the rest, and their averages.

    A class that has no rows, or all of them, has no curve.

    Args:
        probabilities: Shape (rows, classes).
        labels: Class indices, shape (rows,).
        classes: The names of the classes.
    """
    from sklearn.metrics import auc, roc_curve

    def curve(
        name: str, positive: NDArray[np.bool_], scores: NDArray[np.float32]
    ) -> RocCurve:
        false, true, _ = roc_curve(positive, scores)
        return RocCurve(name, false, true, float(auc(false, true)))

    one_hot = np.eye(len(classes), dtype=bool)[labels]
    curves = [
        curve(name, one_hot[:, index], probabilities[:, index])
        for index, name in enumerate(classes)
        if 0 < one_hot[:, index].sum() < len(labels)
    ]
    micro = curve("micro average", one_hot.ravel(), probabilities.ravel())
    return [*map(thin, curves), thin(micro), *macro_average(curves)]


def macro_average(curves: Sequence[RocCurve]) -> list[RocCurve]:
    """Average the true positive rates of curves; none of no curves."""
    if not curves:
        return []
    rates = np.linspace(0, 1, CURVE_POINTS - 1)
    heights = np.mean(
        [
            np.interp(rates, curve.false_positive_rate, curve.true_positive_rate)
            for curve in curves
        ],
        axis=0,
    )
    area = float(np.mean([curve.area for curve in curves]))
    return [RocCurve("macro average", np.append(0, rates), np.append(0, heights), area)]


def thin(curve: RocCurve) -> RocCurve:
    """Keep at most `CURVE_POINTS` points, the first and the last among them."""
    points = len(curve.false_positive_rate)
    kept = np.unique(np.linspace(0, points - 1, min(points, CURVE_POINTS)).round())
    index = kept.astype(np.int64)
    return curve._replace(
        false_positive_rate=curve.false_positive_rate[index],
        true_positive_rate=curve.true_positive_rate[index],
    )


def write_roc(curves: Iterable[RocCurve], path: Path) -> None:
    """Write the points of ROC curves: `class,fpr,tpr`."""
    write_csv(
        path,
        ("class", "fpr", "tpr"),
        (
            (curve.name, *point)
            for curve in curves
            for point in zip(
                curve.false_positive_rate.tolist(),
                curve.true_positive_rate.tolist(),
                strict=True,
            )
        ),
    )
