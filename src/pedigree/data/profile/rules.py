"""The rules that one column suggests by itself."""

import json
import math
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from pandas.api import types

from pedigree.data.profile.bounds import Limits, bounds, natural_limits, share_below
from pedigree.data.profile.columns import ISO_DATE, Column
from pedigree.data.profile.entries import Entry, entry

QUARTILES = (0.25, 0.5, 0.75)

# Beside the years that a rule names one by one there is no use in naming them.
YEARS_AT_MOST = 50

# A column of which so many texts are numbers was meant to be one of numbers.
MOST = 0.5


def type_rules(column: Column) -> Iterator[Entry]:
    """Expect the type that the column has; of a column without values nothing."""
    names = sorted({part.dtype.name for part in column.parts})
    if column.kind in ("nothing", "other") or "object" in names or "category" in names:
        return
    if names == ["str"]:
        yield entry(
            "expect_column_values_to_be_of_type",
            column.name,
            "critical",
            f"Seen texts{_numbers_among(column)}",
            type_="str",
        )
        return
    if "float64" in names:
        # A column of whole numbers is one of floats as soon as a value is missing.
        names = sorted({*names, "int64"})
    reason = (
        f"Seen {_words_of_type(column)}; one text among them makes all of them text."
    )
    yield entry(
        "expect_column_values_to_be_in_type_list",
        column.name,
        "critical",
        reason,
        type_list=names,
    )


def missing_rules(columns: Iterable[Column]) -> Iterator[Entry]:
    """Expect that hardly more is missing than is, columns of a like share together."""
    name = "expect_column_values_to_not_be_null"
    alike: dict[float, list[Column]] = {}
    for column in columns:
        missing = 1 - column.present
        room = max(0.005, missing / 10) if missing else 0
        alike.setdefault(share_below(column.present, room), []).append(column)
    for mostly, group in sorted(alike.items(), reverse=True):
        shares = sorted(1 - column.present for column in group)
        seen = f"{_between(_percent(shares[0]), _percent(shares[-1]))} per cent"
        for column in group:
            if column.kind == "nothing":
                null = "expect_column_values_to_be_null"
                yield entry(null, column.name, "warning", "Seen no value at all.")
            elif mostly == 1:
                yield entry(name, column.name, "warning", "Seen no missing value.")
            elif mostly > 0:
                reason = f"Seen {seen} missing."
                yield entry(name, column.name, "warning", reason, mostly=mostly)


def unique_rules(column: Column) -> Iterator[Entry]:
    """Expect that the names of rows do not repeat."""
    if column.names_rows:
        repeated = f"{_percent(1 - column.unique)} per cent of values that repeat"
        yield entry(
            "expect_column_values_to_be_unique",
            column.name,
            "warning",
            f"Seen {'no repeated value' if column.unique == 1 else repeated}.",
            mostly=None if column.unique == 1 else share_below(column.unique, 0.005),
        )


def set_rules(column: Column) -> Iterator[Entry]:
    """Expect no other value where the values are few."""
    if column.kind == "few":
        count = len(column.distinct)
        yield entry(
            "expect_column_values_to_be_in_set",
            column.name,
            "warning",
            f"Seen {'these' if count > 1 else 'this'} alone.",
            value_set=column.distinct,
        )


def text_rules(column: Column) -> Iterator[Entry]:
    """Expect the form of dates, and the lengths of other texts."""
    if column.kind == "date":
        first, last = column.values.min(), column.values.max()
        yield entry(
            "expect_column_values_to_match_regex",
            column.name,
            "critical",
            "Seen ISO dates alone.",
            regex=ISO_DATE,
        )
        years = sorted(set(column.values.str[:4]))
        if len(years) <= YEARS_AT_MOST:
            yield entry(
                "expect_column_values_to_match_regex",
                column.name,
                "warning",
                f"Seen {first} to {last}.",
                regex=f"^(?:{'|'.join(years)})-",
            )
    elif types.is_string_dtype(column.values) and column.kind in ("text", "identifier"):
        lengths = column.values.str.len()
        shortest, longest = int(lengths.min()), int(lengths.max())
        limits = (min(shortest, 1), None)
        margin = (longest - shortest) / 10
        low, high = bounds(shortest, longest, margin, limits, whole=True)
        yield entry(
            "expect_column_value_lengths_to_be_between",
            column.name,
            "warning",
            f"Seen {shortest} to {longest} characters.",
            min_value=low,
            max_value=high,
        )


def number_rules(column: Column) -> Iterator[Entry]:
    """Expect a range, and the middle of it: shifted decimals may stay in the range."""
    if column.kind != "number":
        return
    finite = column.values[np.isfinite(column.values)]
    if len(finite):
        smallest, largest = finite.min().item(), finite.max().item()
        limits = natural_limits(smallest, largest)
        yield from _range_rules(column, smallest, largest, limits)
        if column.filled:
            yield from _middle_rules(column, limits)


def _range_rules(
    column: Column, smallest: float, largest: float, limits: Limits
) -> Iterator[Entry]:
    margin = (float(largest) - float(smallest)) / 10 or abs(largest) / 10
    if not math.isfinite(margin):
        return
    whole = isinstance(smallest, int)
    low, high = bounds(smallest, largest, margin, limits, whole)
    # What is infinite lies beyond any bound.
    low = None if column.values.min() < smallest else low
    high = None if column.values.max() > largest else high
    if (low, high) != (None, None):
        yield entry(
            "expect_column_values_to_be_between",
            column.name,
            "warning",
            f"Seen {_shown(smallest)} to {_shown(largest)}.",
            min_value=low,
            max_value=high,
        )


def _middle_rules(column: Column, limits: Limits) -> Iterator[Entry]:
    """Expect the quartiles, or the mean where half of the values are the same."""
    parts = [part.dropna() for part in column.parts]
    # The fewer rows, the more both differ from one sample to the next.
    room = 0.25 + 2 / math.sqrt(min(map(len, parts)))
    # Of the values between which a quartile lies the library takes the nearest, too.
    quartiles = np.array(
        [part.quantile(list(QUARTILES), interpolation="nearest") for part in parts],
        dtype=np.float64,
    )
    lows, highs = quartiles.min(axis=0).tolist(), quartiles.max(axis=0).tolist()
    margin = (highs[2] - lows[0]) * room
    if math.isfinite(margin) and margin > 0:
        pairs = list(zip(lows, highs, strict=True))
        ranges = [list(bounds(low, high, margin, limits)) for low, high in pairs]
        seen = [_between(_shown(low), _shown(high)) for low, high in pairs]
        yield entry(
            "expect_column_quantile_values_to_be_between",
            column.name,
            "warning",
            f"Seen quartiles of {seen[0]}, {seen[1]} and {seen[2]}.",
            quantile_ranges={"quantiles": list(QUARTILES), "value_ranges": ranges},
        )
        return
    with np.errstate(all="ignore"):  # what is infinite has neither
        means = [float(part.mean()) for part in parts]
        margin = max(float(part.std(ddof=0)) for part in parts) * room / 2
    if all(map(math.isfinite, (*means, margin))) and margin > 0:
        low, high = bounds(min(means), max(means), margin, limits)
        yield entry(
            "expect_column_mean_to_be_between",
            column.name,
            "warning",
            f"Seen a mean of {_between(_shown(min(means)), _shown(max(means)))}.",
            min_value=low,
            max_value=high,
        )


def label_rules(column: Column) -> Iterator[Entry]:
    """Expect every class of a label, and no other, in the shares that were seen."""
    values = column.distinct
    if column.present == 1:
        reason = "Seen a label on every row."
        name = "expect_column_values_to_not_be_null"
        yield entry(name, column.name, "critical", reason)
    else:
        yield from missing_rules([column])
    sets = [set(part.dropna()) for part in column.parts]
    everywhere = all(each == sets[0] for each in sets)
    yield entry(
        "expect_column_distinct_values_to_equal_set"
        if everywhere
        else "expect_column_values_to_be_in_set",
        column.name,
        "critical",
        f"Seen {len(values)} classes.",
        value_set=values,
    )
    if column.filled:
        yield from _balance_rules(column)


def _balance_rules(column: Column) -> Iterator[Entry]:
    """Expect the shares of the classes, by their divergence from what was seen."""
    shares = column.values.value_counts(normalize=True)
    seen = [float(shares[value]) for value in column.distinct]
    weights = _weights(seen)
    divergences, rows = [], []
    for part in column.parts:
        counts = part.value_counts(normalize=True)
        found = np.array([float(counts.get(value, 0)) for value in column.distinct])
        some = found > 0
        ratio = found[some] / np.array(weights)[some]
        divergences.append(float((found[some] * np.log(ratio)).sum()))
        rows.append(int(part.notna().sum()))
    # Twice what chance makes of so many rows, on average.
    chance = (len(weights) - 1) / min(rows)
    threshold = bounds(0, max(0.0, *divergences), max(0.001, chance))[1]
    ranked = sorted(zip(column.distinct, seen, strict=True), key=lambda one: -one[1])
    listed = ", ".join(
        f"{_percent(share)} per cent of {json.dumps(value, ensure_ascii=False)}"
        for value, share in ranked[:5]
    )
    more = ", ..." if len(seen) > 5 else "."
    yield entry(
        "expect_column_kl_divergence_to_be_less_than",
        column.name,
        "warning",
        f"Seen {listed}{more}",
        partition_object={"values": column.distinct, "weights": weights},
        threshold=threshold,
    )


def _weights(shares: list[float]) -> list[float]:
    """Round shares so that they still add up to 1, and none becomes 0."""
    digits = 4 if min(shares) >= 0.001 else 9
    units = [max(1, round(share * 10**digits)) for share in shares]
    units[units.index(max(units))] += 10**digits - sum(units)
    return [round(unit / 10**digits, digits) for unit in units]


def _numbers_among(column: Column) -> str:
    """Say so if most texts are numbers: then another word means that one is missing."""
    numbers = pd.to_numeric(column.values, errors="coerce").notna()
    if column.kind == "date" or numbers.all() or numbers.mean() < MOST:
        return "."
    other = json.dumps(column.values[~numbers].mode()[0], ensure_ascii=False)
    share = _percent(float(numbers.mean()))
    return f", {share} per cent of them numbers; is {other} one that is `missing`?"


def _words_of_type(column: Column) -> str:
    if types.is_bool_dtype(column.values):
        return "true and false"
    if types.is_datetime64_any_dtype(column.values):
        return "points in time"
    return "whole numbers" if types.is_integer_dtype(column.values) else "numbers"


def _between(first: str, last: str) -> str:
    """Show two figures, and one where they are shown alike."""
    return first if first == last else f"{first} to {last}"


def _shown(value: float) -> str:
    """Show a number with the digits that a reader needs."""
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _percent(share: float) -> str:
    """Show a share in per cent, with two digits or what is short of the whole."""
    return f"{100 * share:.2g}" if share < 0.99 else f"{100 * share:.4g}"
