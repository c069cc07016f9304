"""A column as its values show it: what kind it is, and what a rule may say of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types

# So many values, at most, make a set, if each stands there so often on average.
FEW_NUMBERS = 20
FEW_TEXTS = 50
ROWS_PER_VALUE = 10

# Names of rows differ nearly everywhere; fewer rows than this prove nothing.
UNIQUE_SHARE = 0.95
ROWS_TO_IDENTIFY = 20

# Whole numbers from here on may be rounded as soon as a value is missing.
EXACT_INTEGERS = 2**53

ISO_DATE = r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$"

Kind = Literal[
    "nothing", "few", "number", "identifier", "date", "time", "text", "other"
]


@dataclass(frozen=True)
class Column:
    """One column of every split.

    Attributes:
        name: Its name.
        parts: Its values in each split.
    """

    name: str
    parts: tuple["pd.Series[Any]", ...]

    @cached_property
    def values(self) -> "pd.Series[Any]":
        """All values that are not missing, of a dtype that knows no categories."""
        values = pd.concat([part.dropna() for part in self.parts], ignore_index=True)
        if isinstance(values.dtype, pd.CategoricalDtype):
            return values.astype(values.cat.categories.dtype)
        return values

    @cached_property
    def present(self) -> float:
        """The share of values that are not missing, in the split that misses most."""
        shares = [float(part.notna().mean()) for part in self.parts if len(part)]
        return min(shares, default=1.0)

    @cached_property
    def unique(self) -> float:
        """The share of values that stand there once, in the split that repeats most."""
        shares = [
            float((~part.dropna().duplicated(keep=False)).mean())
            for part in self.parts
            if part.notna().any()
        ]
        return min(shares, default=0.0)

    @cached_property
    def distinct(self) -> list[Any]:
        """The values, each once and in order, as whole numbers if all of them are.

        For columns whose values are `nameable`.
        """
        values = self.values.drop_duplicates().sort_values().tolist()
        whole = all(isinstance(one, float) and one.is_integer() for one in values)
        return [int(one) for one in values] if whole else values

    @cached_property
    def nameable(self) -> bool:
        """Whether a suite can name every value: none is infinite, none was rounded."""
        if not types.is_numeric_dtype(self.values):
            return True
        numbers = np.abs(self.values.to_numpy(np.float64))
        return bool((numbers < EXACT_INTEGERS).all())

    @cached_property
    def filled(self) -> bool:
        """Whether every split has a value of it."""
        return all(part.notna().any() for part in self.parts)

    @cached_property
    def kind(self) -> Kind:
        """What the values are."""
        values = self.values
        if values.empty:
            return "nothing"
        if types.is_bool_dtype(values) or self._holds("boolean"):
            return "few"
        if types.is_datetime64_any_dtype(values):
            return "time"
        if types.is_integer_dtype(values) or types.is_float_dtype(values):
            return self._kind_of_numbers()
        if types.is_string_dtype(values) and self._holds("string"):
            return self._kind_of_texts()
        return "other"

    @property
    def names_rows(self) -> bool:
        """Whether rows are told apart by it."""
        return self.kind in ("identifier", "date", "time") and self._is_unique()

    def has_few(self, at_most: int) -> bool:
        """Whether the values are few, and repeated so often that no more will come."""
        count = self.values.nunique()
        return count <= at_most and count * ROWS_PER_VALUE <= len(self.values)

    def _kind_of_numbers(self) -> Kind:
        # Fractions are measured, however few there are of them.
        whole = self.nameable and bool((self.values % 1 == 0).all())
        if whole and self.has_few(FEW_NUMBERS):
            return "few"
        if types.is_integer_dtype(self.values) and self._is_unique():
            span = int(self.values.max()) - int(self.values.min())
            # A measurement jumps; the numbers of rows are close to each other.
            if span < 2 * len(self.values):
                return "identifier"
        return "number"

    def _kind_of_texts(self) -> Kind:
        if self.values.str.fullmatch(ISO_DATE[1:-1]).all():
            return "date"
        if self.has_few(FEW_TEXTS):
            return "few"
        return "identifier" if self._is_unique() else "text"

    def _is_unique(self) -> bool:
        return len(self.values) >= ROWS_TO_IDENTIFY and self.unique >= UNIQUE_SHARE

    def _holds(self, what: str) -> bool:
        return types.infer_dtype(self.values, skipna=True) == what
