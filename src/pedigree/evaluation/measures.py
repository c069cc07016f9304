"""The figures of samples: of each split, and of the reported one with intervals."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.evaluation.bootstrap import Figures, bootstrap_intervals
from pedigree.params.evaluate import Evaluate

Outputs = NDArray[Any]


def figures_of(weighted: Figures, rows: int) -> dict[str, float]:
    """Compute the figures of a sample in which each row counts once.

    Args:
        weighted: What computes them when each row counts a number of times.
        rows: The number of rows.

    Returns:
        `rows`, then the figures by their names, without those that are undefined.
    """
    values = weighted(np.ones(rows, np.int64)).tolist()
    figures = dict(zip(weighted.names, values, strict=True))
    return {"rows": rows} | {
        name: value for name, value in figures.items() if not np.isnan(value)
    }


def measure_splits(
    outputs: Mapping[str, Outputs],
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: Evaluate,
    *,
    figures: Callable[[Outputs, Arrays, Meta], Mapping[str, Any]],
    weighted: Callable[[Outputs, Arrays, Meta], Figures],
) -> dict[str, Any]:
    """Measure each split, and the reported one with intervals.

    Args:
        outputs: Per split, what was predicted, shape (rows, ...).
        splits: Per split, the prepared arrays.
        meta: What they mean.
        parameters: The section `evaluate` of the experiment; the last of its splits is
            the reported one.
        figures: Computes the figures of a split.
        weighted: Makes of a split what computes its figures when each row counts a
            number of times.

    Returns:
        Per split its figures, and under `intervals` those of the reported split.
    """
    metrics: dict[str, Any] = {
        split: figures(outputs[split], splits[split], meta)
        for split in parameters.splits
    }
    reported = parameters.splits[-1]
    sample = weighted(outputs[reported], splits[reported], meta)
    rows = len(outputs[reported])
    metrics["intervals"] = {
        reported: bootstrap_intervals(sample, rows, parameters.bootstrap)
    }
    return metrics
