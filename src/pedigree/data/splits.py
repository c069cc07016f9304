"""Which rows are for training, for validation and for the test."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.features import (
    HeadSplit,
    NoSplit,
    OrderedSplit,
    PublishedSplit,
    RandomSplit,
    Splits,
    TailSplit,
)

Rows = npt.NDArray[np.int64]


class SplitRows(NamedTuple):
    """Row numbers of each split, in the order in which they are stored.

    `tail` takes the last rows of that order, so it is not sorted.
    """

    train: Rows
    validation: Rows
    test: Rows


def split_rows(
    splits: Splits,
    rows: Rows,
    labels: npt.NDArray[Any],
    raw_rows: Mapping[str, int],
) -> SplitRows:
    """Share rows out: first the test rows, then validation rows from what is left.

    `random` and `stratified` are `sklearn.model_selection.train_test_split` on the rows
    in order with `random_state=seed`; `tail` is Keras's `validation_split`; `head` are
    the first rows; `ordered` is by `int` of the shares, as published for series. So
    published recipes that use them get the very same rows.

    Args:
        splits: The section of params.yaml.
        rows: Row numbers to share out, sorted: those that have a label.
        labels: What is to be predicted for each of them, same shape.
        raw_rows: The number of rows of each raw split, in the order of their numbers.

    Returns:
        Disjoint row numbers that together are `rows`; without test rows, those that
        the publisher set apart are left out.

    Raises:
        WrongUseError: If the test rows are to be the published ones and none are.
        RefusedError: If a split gets no row, or a class is too rare to be stratified.
    """
    positions = np.arange(len(rows))
    if isinstance(splits.test, OrderedSplit) or isinstance(
        splits.validation, OrderedSplit
    ):
        shared = SplitRows(*np.split(rows, _borders(splits, len(rows))))
        require_rows(splits, shared)
        return shared
    if isinstance(splits.test, PublishedSplit | NoSplit):
        if isinstance(splits.test, PublishedSplit) and "test" not in raw_rows:
            raise WrongUseError(
                "split.test.method=published requires raw data with a test split. "
                f"Received: {', '.join(raw_rows)}",
                "Choose method random, stratified or tail for the test rows.",
            )
        published = rows >= raw_rows.get("train", len(rows) and rows[-1] + 1)
        rest, test = positions[~published], positions[published]
        if isinstance(splits.test, NoSplit):
            test = test[:0]
    else:
        rest, test = _part(splits.test, positions, labels)
    train, validation = _part(splits.validation, rest, labels)
    shared = SplitRows(rows[train], rows[validation], rows[test])
    require_rows(splits, shared)
    return shared


def wanted_splits(splits: Splits) -> tuple[str, ...]:
    """The names of the splits that get rows, in the order of the pipeline."""
    wanted = {
        "train": True,
        "validation": not isinstance(splits.validation, NoSplit),
        "test": not isinstance(splits.test, NoSplit),
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def require_rows(splits: Splits, shared: SplitRows) -> None:
    """Stop if a split that should have rows has none.

    Raises:
        RefusedError: If that is so.
    """
    for split in wanted_splits(splits):
        if not len(getattr(shared, split)):
            raise RefusedError(
                f"each split must have at least one row. Received: none for {split} "
                f"out of {sum(map(len, shared))}",
                "Correct `split` in params.yaml, or get more data.",
            )


def require_class_shares(
    tolerance: float | None,
    classes: Sequence[str],
    class_counts: Mapping[str, Sequence[int]],
) -> None:
    """Stop if a class is much rarer or more frequent in a split than in train.

    Args:
        tolerance: How far a share may be from that in train; None lets all pass.
        classes: The names of the classes.
        class_counts: The rows of each class, per split, in the order of `classes`.

    Raises:
        RefusedError: If a share differs by more; it names the one that differs most.
    """
    if tolerance is None:
        return
    shares = {split: np.divide(n, sum(n)) for split, n in class_counts.items()}
    difference, split, position = max(
        (abs(share - shares["train"][position]), split, position)
        for split in shares
        for position, share in enumerate(shares[split])
    )
    if difference > tolerance:
        raise RefusedError(
            "the share of each class must be within split.class_share_tolerance="
            f"{tolerance} of its share in train. Received: {classes[position]} is "
            f"{shares['train'][position]:.4f} of train and "
            f"{shares[split][position]:.4f} of {split}",
            "Correct `split` in params.yaml (`stratified` keeps the shares), or the "
            "data.",
        )


def _borders(splits: Splits, rows: int) -> tuple[int, int]:
    """Where validation and where test begins, of rows that are split in their order."""
    assert isinstance(splits.validation, OrderedSplit)  # the schema has both or none
    assert isinstance(splits.test, OrderedSplit)
    # Rounded: 1 - 0.05 - 0.05 is a little less than 0.9, and must not cost a row.
    share = round(1 - splits.validation.fraction - splits.test.fraction, 12)
    train = int(share * rows)
    return train, train + int(splits.validation.fraction * rows)


def _part(
    split: RandomSplit | TailSplit | HeadSplit | NoSplit,
    positions: Rows,
    labels: npt.NDArray[Any],
) -> tuple[Rows, Rows]:
    """Part positions into those that are left and those that the split takes."""
    if isinstance(split, NoSplit):
        return positions, positions[:0]
    if isinstance(split, HeadSplit):
        return positions[split.rows :], positions[: split.rows]
    if isinstance(split, TailSplit):
        if split.fraction is None:
            boundary = max(0, len(positions) - (split.rows or 0))
        else:
            # Keras's rule: keras.src.trainers.data_adapters.array_adapter.
            boundary = math.floor(len(positions) * (1.0 - split.fraction))
        return positions[:boundary], positions[boundary:]
    from sklearn.model_selection import train_test_split

    try:
        rest, taken = train_test_split(
            positions,
            test_size=split.fraction,
            random_state=split.seed,
            stratify=labels[positions] if split.method == "stratified" else None,
        )
    except ValueError as error:
        raise RefusedError(
            f"{len(positions)} rows must be enough for a {split.method} split of "
            f"{split.fraction}. Received: {error}",
            "Correct `split` in params.yaml, or get more data.",
        ) from None
    return rest, taken
