"""Columns that a suite derives from those of a table, because a rule needs them.

An expectation sees one row at a time, or a whole column. What it cannot see, such as
the row of the next day, a suite puts beside it:

    derived:
      Month: {column: Date, characters: 7}
      RainNextDay: {column: RainToday, days_later: 1, date: Date, per: Location}
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from pydantic import Field

from pedigree.sections import Section


class Beginning(Section):
    """The first characters of a text."""

    column: str
    characters: int = Field(ge=1)

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns it is derived from."""
        return (self.column,)

    def derive(self, frame: pd.DataFrame) -> "pd.Series[Any]":
        """Cut texts off; what is missing stays missing."""
        return _compact(frame[self.column].astype("str").str[: self.characters])


class OnAnotherDay(Section):
    """What the same column holds some days later, or earlier, at the same place."""

    column: str
    days_later: int
    date: str
    per: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns it is derived from."""
        return (self.column, self.date, self.per)

    def derive(self, frame: pd.DataFrame) -> "pd.Series[Any]":
        """Look values up; missing where there is no such day, or it is no ISO date."""
        dates = pd.to_datetime(frame[self.date], format="%Y-%m-%d", errors="coerce")
        days = (dates - pd.Timestamp(0)).dt.days
        places = pd.Series(pd.factorize(frame[self.per])[0], frame.index)
        known = days.notna() & (places >= 0)
        # One number per place and day, which no other place or day shares.
        keys = places[known] * 10_000_000 + days[known].astype("int64")
        values = frame.loc[known, self.column].set_axis(keys)
        values = values[~values.index.duplicated()]
        found = values.reindex(keys + self.days_later).set_axis(keys.index)
        return _compact(found.reindex(frame.index))


def _compact(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Make texts categories, which the library filters far faster for each rule."""
    return values.astype("category") if values.dtype == "str" else values


Derivation = Beginning | OnAnotherDay


def with_derived(
    frames: Mapping[str, pd.DataFrame], derivations: Mapping[str, Derivation]
) -> dict[str, pd.DataFrame]:
    """Add derived columns behind those of each frame.

    One whose sources a frame has not is left out: rules about it say that there is no
    such column.

    Args:
        frames: The frame of each split; no values are copied.
        derivations: What to derive, by the name of the new column.
    """
    return {
        split: frame.assign(
            **{
                name: derivation.derive(frame)
                for name, derivation in derivations.items()
                if set(derivation.sources) <= set(frame.columns)
            }
        )
        for split, frame in frames.items()
    }
