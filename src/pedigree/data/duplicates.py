"""Rows that the data holds more than once: found, counted, kept out of two splits."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array

from pedigree.data.raw import take_rows
from pedigree.data.splits import Rows, SplitRows
from pedigree.errors import RefusedError

Hashes = npt.NDArray[np.uint64]

# What is hashed at once, so that a large table never is in memory twice.
_BYTES_AT_ONCE = 2**24


def number_contents(table: pa.Table) -> Rows:
    """Number rows so that two have the same number if, and only if, they are equal.

    Rows are hashed batch by batch; those whose hash occurs once have no equal, the
    others are compared value by value. A missing value equals a missing value.

    Args:
        table: The columns to compare: all of the raw table but the label.

    Returns:
        Shape (rows,).
    """
    table = _lists_as_bytes(table)
    hashes = np.concatenate([np.empty(0, np.uint64), *_hashes(table)])
    _, numbers, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    suspects = np.flatnonzero(counts[numbers] > 1)
    if len(suspects):
        exact = numbers[suspects]
        for column in take_rows(table, suspects).columns:
            codes = _codes(column)
            _, exact = np.unique(exact * (codes.max() + 1) + codes, return_inverse=True)
        numbers[suspects] = len(numbers) + exact
    return numbers


def count_duplicates(shared: SplitRows, contents: Rows) -> dict[str, dict[str, int]]:
    """Count, for each two splits, the rows of the first that the second has too.

    Args:
        shared: The rows of each split.
        contents: What `number_contents` says of every raw row.

    Returns:
        Counts by split and by the split that has the row too, of splits that have rows;
        of a split in itself, the rows that repeat an earlier one.
    """
    splits = {split: rows for split, rows in shared._asdict().items() if len(rows)}
    return {
        one: {
            other: len(rows) - len(np.unique(contents[rows]))
            if one == other
            else int(_are_in(rows, others, contents).sum())
            for other, others in splits.items()
        }
        for one, rows in splits.items()
    }


def separate(
    policy: Literal["keep", "drop", "refuse"], shared: SplitRows, contents: Rows
) -> SplitRows:
    """See to it that no two splits have an equal row, as the policy says.

    Args:
        policy: `keep` changes nothing. `drop` takes copies of test rows out of
            validation, and copies of validation or test rows out of train; test stays
            whole. `refuse` stops where two splits have an equal row.
        shared: The rows of each split.
        contents: What `number_contents` says of every raw row.

    Returns:
        The rows of each split, in the same order.

    Raises:
        RefusedError: If two splits have an equal row and that is refused.
    """
    if policy == "keep":
        return shared
    train, validation, test = shared
    measured = np.concatenate([validation, test])
    copied = SplitRows(
        train[_are_in(train, measured, contents)],
        validation[_are_in(validation, test, contents)],
        test[:0],
    )
    if policy == "refuse":
        _refuse_any(shared, copied, contents)
        return shared
    return SplitRows(
        *(
            rows[~np.isin(rows, copies)]
            for rows, copies in zip(shared, copied, strict=True)
        )
    )


def _are_in(rows: Rows, others: Rows, contents: Rows) -> npt.NDArray[np.bool_]:
    """Tell for each row whether one of the others is equal to it."""
    present = np.zeros(contents.max(initial=-1) + 1, np.bool_)
    present[contents[others]] = True
    return present[contents[rows]]


def _refuse_any(shared: SplitRows, copied: SplitRows, contents: Rows) -> None:
    """Stop at copies, and name the first of them."""
    counts = {split: len(rows) for split, rows in copied._asdict().items() if len(rows)}
    if not counts:
        return
    split = next(iter(counts))
    row = getattr(copied, split)[0]
    later = np.concatenate(shared[SplitRows._fields.index(split) + 1 :])
    other = later[contents[later] == contents[row]][0]
    told = " and ".join(f"{count} of {split}" for split, count in counts.items())
    raise RefusedError(
        "no row may stand in two of train, validation and test. Received: rows that a "
        f"later split has too, {told}; row {row} of the raw data equals row {other}",
        "Correct the data, or set `split.duplicates` in params.yaml: `drop` takes the "
        "copies out of train and validation, `keep` only counts them.",
    )


def _hashes(table: pa.Table) -> Iterator[Hashes]:
    """Hash the rows, batch by batch."""
    rows = _BYTES_AT_ONCE * len(table) // max(1, table.nbytes)
    for batch in table.to_batches(max_chunksize=max(1, rows)):
        hashes = np.zeros(len(batch), np.uint64)
        for column in batch.columns:
            hashes = hash_array(hashes ^ _hash_column(column))
        yield hashes


def _hash_column(column: pa.Array) -> Hashes:
    """Hash the values of a column, in one way whether or not some are missing."""
    hashes = np.zeros(len(column), np.uint64)
    values = column.drop_null().to_numpy(zero_copy_only=False)
    hashes[column.is_valid().to_numpy(zero_copy_only=False)] = hash_array(values)
    return hashes


def _codes(column: pa.ChunkedArray) -> Rows:
    """Number the values of a column; a missing one has a number of its own."""
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    codes = [np.asarray(chunk.indices, np.int64) for chunk in encoded.chunks]
    return np.concatenate(codes)


def _lists_as_bytes(table: pa.Table) -> pa.Table:
    """View lists of numbers as bytes, which can be hashed and compared."""
    for number, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            chunks = [_bytes_of(chunk) for chunk in table[number].chunks]
            column = pa.chunked_array(chunks, pa.large_binary())
            table = table.set_column(number, field.name, column)
    return table


def _bytes_of(lists: pa.ListArray) -> pa.LargeBinaryArray:
    values = lists.flatten().to_numpy()
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    buffers = [None, pa.py_buffer(offsets * values.itemsize), pa.py_buffer(values)]
    view = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(lists), buffers)
    return pc.if_else(lists.is_valid(), view, None)
