"""A yardstick: what scikit-learn's defaults reach on the same arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays


def hist_gradient_boosting(train: Sequence[Arrays], test: Arrays) -> dict[str, float]:
    """Train `HistGradientBoostingClassifier` with its defaults and measure it.

    It needs no validation rows and so trains on them too: of more than 10,000 rows it
    keeps back a tenth for early stopping itself, drawn with the fixed seed.

    Args:
        train: The splits to train on.
        test: The split to measure on.

    Returns:
        The test figures `accuracy` and `roc_auc_macro` (mean of one-vs-rest).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    x = flatten(np.concatenate([split.x for split in train]))
    y = np.concatenate([split.y for split in train])
    # Sums of several threads are rounded in the order in which these end.
    with threadpool_limits(limits=1, user_api="openmp"):
        model = HistGradientBoostingClassifier(random_state=0)
        model.fit(x, y)
        probabilities = model.predict_proba(flatten(test.x))
    areas = [
        roc_auc_score(test.y == label, probabilities[:, index])
        for index, label in enumerate(model.classes_)
        if 0 < np.count_nonzero(test.y == label) < len(test.y)
    ]
    predicted = model.classes_[probabilities.argmax(axis=1)]
    figures = {"accuracy": float(np.mean(predicted == test.y))}
    if areas:
        figures["roc_auc_macro"] = float(np.mean(areas))
    return figures


def flatten(x: NDArray[np.generic]) -> NDArray[np.generic]:
    """Turn examples of any shape into rows of a table."""
    return x.reshape(len(x), -1)
