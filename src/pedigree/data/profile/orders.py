"""Pairs of columns of which one is never above the other."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

# The evidence for an order: so many rows, and so many of them, as a share, that would
# break it if the values of the one column were shuffled.
ROWS_AT_LEAST = 100
BROKEN_BY_CHANCE = 0.05

# Columns whose middle halves differ more in width have hardly the same unit.
WIDTHS_AT_MOST = 4

_ROWS_OF_A_FIRST_LOOK = 1000

Numbers = npt.NDArray[np.float64]


def orders(
    frames: Sequence[pd.DataFrame], names: Sequence[str]
) -> list[tuple[str, str]]:
    """Find the pairs (a, b) where a <= b on every row that has both.

    Args:
        frames: The frame of each split.
        names: Numeric columns.

    Returns:
        The names of a and b. An order that follows from two others is left out.
    """
    columns = [
        np.concatenate(
            [frame[name].to_numpy(np.float64, na_value=np.nan) for frame in frames]
        )
        for name in names
    ]
    found = [
        (one, other)
        for one, other in _pairs_at_first_sight(columns)
        if _is_order(columns[one], columns[other])
    ]
    # Two columns that are equal everywhere are in order both ways: once is enough.
    found = [pair for pair in found if pair[::-1] not in found or pair[0] < pair[1]]
    return [(names[one], names[other]) for one, other in _without_what_follows(found)]


def _pairs_at_first_sight(columns: Sequence[Numbers]) -> list[tuple[int, int]]:
    """Find the pairs that hold on some rows, without a look at all of them."""
    if not columns:
        return []
    step = max(1, len(columns[0]) // _ROWS_OF_A_FIRST_LOOK)
    sample = np.stack([column[::step] for column in columns], axis=1)
    return [
        (one, int(other))
        for one in range(len(columns))
        for other in np.flatnonzero(~(sample[:, [one]] > sample).any(axis=0))
        if one != other
    ]


def _is_order(lower: Numbers, upper: Numbers) -> bool:
    both = np.isfinite(lower) & np.isfinite(upper)
    a, b = lower[both], upper[both]
    return (
        len(a) >= ROWS_AT_LEAST
        and not (lower > upper).any()
        and _alike(a, b)
        and _broken_by_chance(a, b) >= BROKEN_BY_CHANCE
    )


def _alike(a: Numbers, b: Numbers) -> bool:
    narrow, wide = sorted(
        np.subtract(*np.quantile(each, [0.75, 0.25])) for each in (a, b)
    )
    return bool(0 < wide <= WIDTHS_AT_MOST * narrow)


def _broken_by_chance(a: Numbers, b: Numbers) -> float:
    """The share of all pairs of a value of a and a value of b where a > b."""
    smaller = np.searchsorted(np.sort(b), a, side="left")
    return float(smaller.mean() / len(b))


def _without_what_follows(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Leave out (a, c) where (a, b) and (b, c) are there."""
    known = set(pairs)
    return [
        (a, c)
        for a, c in pairs
        if not any((a, b) in known and (b, c) in known for b in {b for _, b in pairs})
    ]
