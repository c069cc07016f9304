"""The figures of a classifier.

Figures of a class cover a sample in which the class occurs, and its ROC AUC needs
another class beside it; elsewhere they are undefined and left out. The macro averages
are means over the classes that occur. Precision is 0 for a class that occurs and is
never predicted, and F1 is 0 where precision and recall are (scikit-learn's
`zero_division=0`). The rules are the same in a split and in a bootstrap resample.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import RefusedError
from pedigree.evaluation.bootstrap import Counts

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float32]

AVERAGED = ("precision", "recall", "f1")


def split_figures(
    probabilities: Probabilities, labels: Labels, classes: tuple[str, ...]
) -> dict[str, Any]:
    """Compute the figures of one split with scikit-learn.

    Args:
        probabilities: Shape (rows, classes).
        labels: Class indices, shape (rows,).
        classes: The names of the classes.

    Returns:
        Figures by name; under `classes`, the figures of each class by its name.

    Raises:
        RefusedError: If there are no rows, or the probabilities are none.
    """
    from sklearn import metrics

    check_probabilities(probabilities, labels, classes)
    predicted = probabilities.argmax(axis=1)
    support = np.bincount(labels, minlength=len(classes))
    present = np.flatnonzero(support)
    one_hot = np.eye(len(classes), dtype=bool)[labels]
    per_class: dict[str, dict[str, Any]] = {
        name: {"support": int(count)}
        for name, count in zip(classes, support, strict=True)
    }
    columns = metrics.precision_recall_fscore_support(
        labels, predicted, labels=present, zero_division=0
    )
    for index, *values in zip(present, *columns[:3], strict=True):
        per_class[classes[index]] |= dict(
            zip(AVERAGED, map(float, values), strict=True)
        )
        if support[index] < len(labels):
            per_class[classes[index]]["roc_auc"] = float(
                metrics.roc_auc_score(one_hot[:, index], probabilities[:, index])
            )

    figures: dict[str, Any] = {
        "rows": len(labels),
        "accuracy": float(metrics.accuracy_score(labels, predicted)),
        "log_loss": float(
            metrics.log_loss(labels, probabilities, labels=np.arange(len(classes)))
        ),
        "roc_auc_micro": float(
            metrics.roc_auc_score(one_hot.ravel(), probabilities.ravel())
        ),
        "classes": per_class,
    }
    for average in ("macro", "weighted"):
        values = metrics.precision_recall_fscore_support(
            labels, predicted, labels=present, average=average, zero_division=0
        )
        for name, value in zip(AVERAGED, values[:3], strict=True):
            figures[f"{name}_{average}"] = float(value)
    areas = [entry["roc_auc"] for entry in per_class.values() if "roc_auc" in entry]
    if areas:
        figures["roc_auc_macro"] = float(np.mean(areas))
    return figures


def check_probabilities(
    probabilities: Probabilities, labels: Labels, classes: tuple[str, ...]
) -> None:
    """Refuse what cannot be measured.

    Raises:
        RefusedError: If there are no rows, the shapes do not fit, or a value is not a
            probability.
    """
    if len(labels) == 0:
        raise RefusedError(
            "a split that is measured must have rows. Received: 0 rows",
            "Correct the section `features` of params.yaml, or `evaluate.splits`.",
        )
    if probabilities.shape != (len(labels), len(classes)):
        raise RefusedError(
            "the model must give one probability per row and class, shape "
            f"{(len(labels), len(classes))}. Received: {probabilities.shape}",
            "The model was trained on other classes: run `dvc repro`.",
        )
    # Written so that NaN fails it too.
    valid = (probabilities.min(axis=1) >= 0) & (probabilities.max(axis=1) <= 1)
    if not valid.all():
        raise RefusedError(
            "probabilities must be in [0, 1]. Received: "
            f"{probabilities[~valid][0].tolist()} and the like in "
            f"{np.count_nonzero(~valid)} of {len(valid)} rows",
            "The training diverged: a lower `train.optimizer.learning_rate` may help.",
        )


class WeightedFigures:
    """The figures of `split_figures`, fast, when each row counts a number of times.

    All that does not depend on the counts is done once: sorting by score, the cell of
    the confusion matrix and the loss of each row. Counts are integers, so every sum is
    exact.

    Args:
        probabilities: Shape (rows, classes).
        labels: Class indices, shape (rows,).
        classes: The names of the classes.
    """

    def __init__(
        self, probabilities: Probabilities, labels: Labels, classes: tuple[str, ...]
    ) -> None:
        self._classes = len(classes)
        self._cells = labels * self._classes + probabilities.argmax(axis=1)
        eps = np.finfo(probabilities.dtype).eps  # scikit-learn's limit
        likelihoods = probabilities[np.arange(len(labels)), labels]
        self._losses = -np.log(np.clip(likelihoods, eps, 1 - eps)).astype(np.float64)

        one_hot = np.eye(self._classes, dtype=bool)[labels]
        rows = np.arange(len(labels))
        self._rankings = [
            Ranking(probabilities[:, index], one_hot[:, index], rows)
            for index in range(self._classes)
        ]
        self._micro = Ranking(
            probabilities.ravel(), one_hot.ravel(), rows.repeat(self._classes)
        )
        self.names = (
            "accuracy",
            "log_loss",
            "roc_auc_micro",
            "roc_auc_macro",
            *(f"{name}_macro" for name in AVERAGED),
            *(f"{name}_weighted" for name in AVERAGED),
            *(
                f"classes.{label}.{name}"
                for name in (*AVERAGED, "roc_auc")
                for label in classes
            ),
        )

    def __call__(self, counts: Counts) -> NDArray[np.float64]:
        """Compute the figures, in the order of `names`; NaN where undefined."""
        confusion = np.bincount(
            self._cells, weights=counts, minlength=self._classes**2
        ).reshape(self._classes, self._classes)
        hits, support = confusion.diagonal(), confusion.sum(axis=1)
        present, rows = support > 0, support.sum()
        predicted = confusion.sum(axis=0)
        per_class = np.full((4, self._classes), np.nan)
        np.divide(hits, np.maximum(predicted, 1), out=per_class[0], where=present)
        np.divide(hits, support, out=per_class[1], where=present)
        np.divide(2 * hits, predicted + support, out=per_class[2], where=present)
        per_class[3] = [ranking.area(counts) for ranking in self._rankings]

        macro = per_class[:3, present].mean(axis=1)
        weighted = per_class[:3, present] @ support[present] / rows
        areas = per_class[3, ~np.isnan(per_class[3])]
        overall = (
            hits.sum() / rows,
            (counts * self._losses).sum() / rows,
            self._micro.area(counts),
            areas.mean() if len(areas) else np.nan,
        )
        return np.concatenate([overall, macro, weighted, per_class.ravel()])


class Ranking:
    """Binary examples in falling order of score, for the area under the ROC curve.

    The curve turns only where the label changes or scores are tied, so the examples are
    gathered into runs of one label first: a good classifier has few of them.

    Args:
        scores: Shape (examples,).
        positive: Whether each example is positive, shape (examples,).
        rows: The row whose count each example has, shape (examples,).
    """

    def __init__(
        self,
        scores: Probabilities,
        positive: NDArray[np.bool_],
        rows: NDArray[np.int64],
    ) -> None:
        order = np.lexsort((positive, -scores))
        self._rows = rows[order]
        new_score = np.diff(scores[order]) != 0
        new_label = np.diff(positive[order])
        group = np.append(0, np.cumsum(new_score))
        tied = np.isin(group, group[1:][new_label & ~new_score])
        # Where a straight piece of the curve ends, and where a run does.
        step = new_score & (new_label | tied[1:] | tied[:-1])
        run = step | new_label
        self._runs = np.append(0, np.flatnonzero(run) + 1)
        self._positive = positive[order][self._runs]
        self._steps = np.flatnonzero(np.append(step[run], True))

    def area(self, counts: Counts) -> float:
        """Compute the area by the trapezoidal rule; NaN if only one class counts."""
        weights = np.add.reduceat(counts[self._rows], self._runs)
        true = np.cumsum(weights * self._positive)[self._steps]
        false = np.cumsum(weights)[self._steps] - true
        if not true[-1] or not false[-1]:
            return float("nan")
        heights = np.append(0, true[:-1]) + true
        area = np.diff(false, prepend=0) @ heights / 2
        return float(area / (true[-1] * false[-1]))
