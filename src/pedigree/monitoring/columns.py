"""What is compared of rows: columns of a table, statistics of images and texts."""

import pandas as pd
import pyarrow as pa

from pedigree.data.statistics import frames_to_check
from pedigree.monitoring.drift import Kind
from pedigree.serving.version import ServedVersion

IMAGE_STATISTICS = (
    *("minimum", "maximum", "mean", "blank"),
    *("blank_rows", "blank_columns", "centre_row", "centre_column"),
)
SEQUENCE_STATISTICS = ("length", "maximum", "distinct", "most_frequent", "left_out")


def compared_columns(version: ServedVersion, labelled: bool) -> dict[str, Kind]:
    """Choose what is compared, and how.

    Dates are left out: those of new data are always others.

    Args:
        version: The model: of a table, the columns that it makes use of count.
        labelled: Whether new data tell what was to be predicted.
    """
    meta = version.meta
    kinds: dict[str, Kind] = {}
    if version.model.takes_images:
        kinds |= dict.fromkeys(IMAGE_STATISTICS, "numbers")
    elif meta.kind == "multi_hot":
        kinds |= dict.fromkeys(SEQUENCE_STATISTICS, "numbers")
    elif meta.kind == "windows":
        kinds |= {column.name: "numbers" for column in meta.columns}
    else:
        parameters = version.model.transform.parameters
        if parameters.numeric:
            kinds |= dict.fromkeys(parameters.numeric.columns, "numbers")
        if parameters.categorical:
            kinds |= dict.fromkeys(parameters.categorical.columns, "categories")
    if labelled:
        kinds[meta.target] = "categories" if meta.classes else "numbers"
    return kinds


def describe_rows(table: pa.Table) -> pd.DataFrame:
    """Turn raw rows into the frame whose columns are compared."""
    (frame,) = frames_to_check({"rows": table}).values()
    return frame
