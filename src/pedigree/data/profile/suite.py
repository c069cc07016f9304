"""The proposal of a whole suite, from the raw data of a dataset."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches

import pandas as pd
import pyarrow as pa

from pedigree.data.profile import rules
from pedigree.data.profile.columns import Column
from pedigree.data.profile.entries import Entry, entry, together
from pedigree.data.profile.orders import orders
from pedigree.data.profile.text import write_entries
from pedigree.data.statistics import frames_to_check
from pedigree.errors import WrongUseError

# A label of more values than this is a quantity.
CLASSES_AT_MOST = 100

# Comparing more columns with each other, row by row, finds nothing that one wants.
COLUMNS_OF_A_KEY = 100

_HEADER = """\
# Proposed by `pedigree profile {dataset}` from what it saw: a beginning, to be edited.
# Make `critical` what you know to be true, and take out what is chance.
"""


def propose_suite(
    dataset: str, splits: Mapping[str, pa.Table], label: str | None = None
) -> str:
    """Propose a suite that the data it is made from passes.

    Args:
        dataset: The name of the dataset.
        splits: The raw table of each published split.
        label: The column to predict: its classes are expected all, in their shares.

    Returns:
        The text of a file for `expectations/`; equal data give equal bytes.

    Raises:
        WrongUseError: If there is no such label.
    """
    frames = frames_to_check(splits)
    header = _HEADER.format(dataset=dataset)
    return header + write_entries(_sections(frames, splits, label))


def _sections(
    frames: Mapping[str, pd.DataFrame],
    splits: Mapping[str, pa.Table],
    label: str | None,
) -> Iterator[tuple[str, list[Entry]]]:
    """Yield the entries under the heading that they stand below."""
    columns = _columns(frames)
    classes = _classes(columns, label)
    features = [column for name, column in columns.items() if column is not classes]

    def each(rule: Callable[[Column], Iterable[Entry]]) -> list[Entry]:
        return together(found for column in features for found in rule(column))

    yield "the table", [*_table_rules(frames, splits), *_key_rules(frames, columns)]
    types = (one for column in columns.values() for one in rules.type_rules(column))
    yield "types", together(types)
    yield "what is missing", together(rules.missing_rules(features))
    yield "values that do not repeat", each(rules.unique_rules)
    yield "values that are few", each(rules.set_rules)
    yield "texts", each(rules.text_rules)
    yield "numbers: where they lie, and the middle of them", each(rules.number_rules)
    yield "columns that depend on each other", _order_rules(frames, features)
    if classes is not None:
        yield "the label", list(rules.label_rules(classes))


def _columns(frames: Mapping[str, pd.DataFrame]) -> dict[str, Column]:
    """Gather the columns that every split has."""
    shared = [
        name
        for name in next(iter(frames.values())).columns
        if all(name in frame.columns for frame in frames.values())
    ]
    return {
        name: Column(name, tuple(frame[name] for frame in frames.values()))
        for name in shared
    }


def _classes(columns: Mapping[str, Column], label: str | None) -> Column | None:
    """Find the label among the columns; None where none is named, or it is a quantity.

    Raises:
        WrongUseError: If there is no such column.
    """
    if label is None:
        return None
    if label not in columns:
        close = get_close_matches(label, list(columns))
        raise WrongUseError(
            f"--label must name a column of the data. Received: {label!r}",
            f"Close to it: {', '.join(close)}."
            if close
            else f"Columns: {', '.join(columns)}.",
        )
    column = columns[label]
    if column.kind in ("nothing", "other", "time") or not column.nameable:
        return None
    return column if column.values.nunique() <= CLASSES_AT_MOST else None


def _table_rules(
    frames: Mapping[str, pd.DataFrame], splits: Mapping[str, pa.Table]
) -> Iterator[Entry]:
    names = [list(frame.columns) for frame in frames.values()]
    alike = all(each == names[0] for each in names)
    # Statistics of images have columns of their own, that no publisher has chosen.
    if alike and names[0] == next(iter(splits.values())).column_names:
        yield entry(
            "expect_table_columns_to_match_ordered_list",
            None,
            "critical",
            f"Seen {len(names[0])} columns, in this order.",
            column_list=names[0],
        )
    for split, frame in frames.items():
        found = entry(
            "expect_table_row_count_to_equal",
            None,
            "warning",
            f"Seen {len(frame):,} rows; a file cut short has fewer.",
            value=len(frame),
            split=split if len(frames) > 1 else None,
        )
        yield found


def _key_rules(
    frames: Mapping[str, pd.DataFrame], columns: Mapping[str, Column]
) -> Iterator[Entry]:
    """Expect what tells rows apart: a day and a name, or all columns together."""
    if any(column.names_rows for column in columns.values()):
        return
    name = "expect_compound_columns_to_be_unique"
    for day in (c for c in columns.values() if c.kind in ("date", "time")):
        for other in (c for c in columns.values() if c.kind == "few"):
            pair = [day.name, other.name]
            if day.present == other.present == 1 and _is_key(frames, pair):
                reason = "Seen no two rows with both the same."
                yield entry(name, None, "warning", reason, column_list=pair)
                return
    comparable = all(column.kind != "other" for column in columns.values())
    every = list(columns)
    if comparable and 1 < len(every) <= COLUMNS_OF_A_KEY and _is_key(frames, every):
        reason = "Seen no row twice; a repeated one could stand in two splits."
        yield entry(name, None, "warning", reason, column_list=every)


def _is_key(frames: Mapping[str, pd.DataFrame], names: list[str]) -> bool:
    return not any(frame.duplicated(names).any() for frame in frames.values())


def _order_rules(
    frames: Mapping[str, pd.DataFrame], columns: Iterable[Column]
) -> list[Entry]:
    """Expect the orders of columns that no row breaks."""
    numbers = [column.name for column in columns if column.kind == "number"]
    return [
        entry(
            "expect_column_pair_values_a_to_be_greater_than_b",
            None,
            "warning",
            "Seen on every row that has both.",
            column_A=upper,
            column_B=lower,
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        )
        for lower, upper in orders(list(frames.values()), numbers)
    ]
