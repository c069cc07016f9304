"""The label column, to class indices."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pedigree.errors import RefusedError
from pedigree.params.features import Label

# The index of a row without a label.
MISSING = -1


def encode(label: Label, table: pa.Table) -> npt.NDArray[np.int64]:
    """Look up the class index of every row.

    Args:
        label: Which column it is, and its values in the order of the indices.
        table: Raw rows.

    Returns:
        Shape (rows,); `MISSING` where there is no label.

    Raises:
        RefusedError: If the column is missing, has a value that `label.values` does not
            name, or misses a label where that is refused.
    """
    require_column(label.column, table)
    column = table[label.column]
    indices = pc.index_in(pc.cast(column, pa.string()), _texts(label.values))
    unknown = pc.filter(column, pc.and_(pc.is_valid(column), pc.is_null(indices)))
    if len(unknown):
        shown = ", ".join(map(repr, unknown.unique().slice(0, 5).to_pylist()))
        raise RefusedError(
            f"{label.column} must be one of {', '.join(map(repr, label.values))}. "
            f"Received: {shown} in {len(unknown)} rows",
            "Correct `label` in params.yaml, or the data.",
        )
    if column.null_count and label.missing == "refuse":
        raise RefusedError(
            f"every row must have a label in {label.column}. Received: "
            f"{column.null_count} rows without",
            "Set `label.missing: drop` in params.yaml, or correct the data.",
        )
    encoded: npt.NDArray[np.int64] = (
        pc.fill_null(indices, MISSING).to_numpy().astype(np.int64)
    )
    return encoded


def _texts(values: tuple[int | str, ...]) -> pa.Array:
    return pa.array([str(value) for value in values], pa.string())


def require_column(name: str, table: pa.Table) -> None:
    """Stop where the column that is to be predicted is missing.

    Raises:
        RefusedError: If that is so.
    """
    if name not in table.column_names:
        raise RefusedError(
            f"the data must have the column {name}, which is to be predicted. "
            f"Received: {', '.join(table.column_names)}",
            "Correct `transform` in params.yaml, or the data.",
        )
