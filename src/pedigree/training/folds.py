"""The folds of a cross-validation, each scaled by its own training rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.params.train import CrossValidation
from pedigree.training.training import Splits


def fold_splits(
    train: Arrays, meta: Meta, parameters: CrossValidation
) -> Iterator[Splits]:
    """Yield the splits of each fold.

    Columns that preprocess has standardised are standardised anew with the mean and
    the deviation of the fold's own training rows, so that no row that validates has
    shaped their scale. Where no values are missing, that is the same as if the fold had
    been prepared by itself: scaling twice is scaling once. Missing values stay filled
    by all training rows.

    Args:
        train: The training rows.
        meta: Says which columns are standardised.
        parameters: How the rows are parted.
    """
    from sklearn.model_selection import KFold

    parts = KFold(
        parameters.folds,
        shuffle=parameters.shuffle,
        random_state=parameters.seed if parameters.shuffle else None,
    )
    for fitted, validated in parts.split(train.rows):
        x = train.x
        if meta.standardized:
            x = _standardize(x, fitted, meta.standardized)
        yield {
            "train": Arrays(x[fitted], train.y[fitted], train.rows[fitted]),
            "validation": Arrays(
                x[validated], train.y[validated], train.rows[validated]
            ),
        }


def _standardize(
    x: NDArray[np.float32], rows: NDArray[np.int64], columns: int
) -> NDArray[np.float32]:
    """Standardise the first columns of all rows by some of the rows."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x[rows, :columns].astype(np.float64))
    scaled = np.array(x)
    scaled[:, :columns] = scaler.transform(x[:, :columns].astype(np.float64))
    return scaled
