"""Suites of expectations: read from YAML and checked against the library.

A suite is a list of expectations under the library's own names:

    expectations:
      - expectation: expect_column_values_to_be_between
        columns: [MinTemp, MaxTemp]
        min_value: -30
        max_value: 55
        mostly: 0.999
        severity: critical
        reason: It has never been colder or hotter in Australia.

`columns` stands for one expectation per column, and `derived` adds columns that rules
need (see `pedigree.data.derived`). An expectation is about every
published split unless `split` names one. A critical expectation that is not met stops
the pipeline, a warning is reported.
"""

import difflib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from pedigree.data.derived import Derivation
from pedigree.errors import WrongUseError
from pedigree.sections import Section, load_yaml, parse

# Arguments of the library that are deprecated or make no sense in a file.
_WITHHELD_ARGUMENTS = frozenset({"batch_id", "condition_parser"})


class Entry(BaseModel):
    """An expectation as it stands in the file; what is not named is an argument."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    expectation: str
    severity: Literal["critical", "warning"]
    reason: str = Field(pattern=r"^\S[^\n]*$")
    split: Literal["train", "test", "all"] | None = None
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that all columns share."""
        return dict(self.__pydantic_extra__ or {})


class SuiteFile(Section):
    """The whole file."""

    derived: dict[str, Derivation] = Field(default_factory=dict)
    expectations: tuple[Entry, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Rule:
    """One expectation: its name, its arguments, and what it means not to meet it.

    Attributes:
        expectation: The library's name of it.
        arguments: What it is called with.
        severity: `critical` stops the pipeline, `warning` is reported.
        reason: Why it is expected.
        split: The published split it is about; None is each of them.
    """

    expectation: str
    arguments: Mapping[str, Any]
    severity: str
    reason: str
    split: str | None

    @property
    def columns(self) -> list[str]:
        """The columns it is about."""
        named = [self.arguments.get(key) for key in ("column", "column_A", "column_B")]
        together = self.arguments.get("column_list", [])
        return [*(name for name in named if name is not None), *together]

    @property
    def identity(self) -> str:
        """What tells rules on the same rows apart, and what they are sorted by."""
        return json.dumps([self.expectation, self.arguments], sort_keys=True)


@dataclass(frozen=True)
class Suite:
    """The rules that a dataset has to meet."""

    name: str
    rules: tuple[Rule, ...]
    derived: Mapping[str, Derivation] = field(default_factory=dict)

    def rules_of(self, split: str) -> list[Rule]:
        """List the rules that are about a split."""
        return [rule for rule in self.rules if rule.split in (None, split)]


def load_suite(path: Path) -> Suite:
    """Read a suite and check it against the expectations that the library has.

    Raises:
        WrongUseError: If the file is missing or malformed, an expectation or an
            argument of it is unknown or of a wrong type, or one stands there twice.
    """
    content = parse(SuiteFile, load_yaml(path), path)
    rules: list[Rule] = []
    seen = set()
    for position, entry in enumerate(content.expectations):
        complain = _complaint(path, position)
        for rule in _rules_of(entry, complain):
            _check(rule, complain)
            if (rule.split, rule.identity) in seen:
                raise complain(
                    "an expectation must stand in a suite once",
                    "expectation",
                    rule.expectation,
                    "Take out the one or the other.",
                )
            seen.add((rule.split, rule.identity))
            rules.append(rule)
    return Suite(path.stem, tuple(rules), content.derived)


Complaint = Callable[[str, str, Any, str], WrongUseError]


def _complaint(path: Path, position: int) -> Complaint:
    """Make errors about one entry of a file."""

    def complain(rule: str, key: str, received: Any, remedy: str) -> WrongUseError:
        shown = json.dumps(received, default=str)
        shown = shown if len(shown) <= 100 else shown[:97] + "..."
        where = f"expectations.{position}.{key}={shown} in {path}"
        return WrongUseError(f"{rule}. Received: {where}", remedy)

    return complain


def _rules_of(entry: Entry, complain: Complaint) -> Iterator[Rule]:
    """Yield a rule for each of the columns, or the only one."""
    shared = entry.arguments
    if entry.columns is not None and "column" in shared:
        raise complain(
            "an expectation takes column or columns, not both",
            "columns",
            entry.columns,
            "Take out the one or the other.",
        )
    columns: Iterable[dict[str, str]] = [{}]
    if entry.columns is not None:
        columns = [{"column": column} for column in entry.columns]
    for column in columns:
        yield Rule(
            entry.expectation,
            {**column, **shared},
            entry.severity,
            entry.reason,
            entry.split,
        )


def _check(rule: Rule, complain: Complaint) -> None:
    """Check a rule against the library's expectation of that name."""
    known = _known_expectations()
    if rule.expectation not in known:
        raise complain(
            "the expectation must be one of Great Expectations for data frames",
            "expectation",
            rule.expectation,
            _suggest(rule.expectation, known),
        )
    fields = _argument_fields(rule.expectation)
    for name, value in rule.arguments.items():
        if name not in fields:
            raise complain(
                f"{rule.expectation} has no such argument",
                name,
                value,
                _suggest(name, fields),
            )
    built = _build(rule, complain)
    for name, value in rule.arguments.items():
        if _is_converted(fields[name], value, getattr(built, name)):
            raise complain(
                f"{name} must be of the type that {rule.expectation} takes",
                name,
                value,
                "Write numbers and booleans without quotes, and texts with them.",
            )
    _check_values(rule, complain)


def _build(rule: Rule, complain: Complaint) -> Any:
    """Build the library's object, to learn whether it takes the arguments."""
    great_expectations_library()
    from great_expectations.compatibility.pydantic import ValidationError

    try:
        return expectation_class(rule.expectation)(**rule.arguments)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        whole = name == "__root__"
        raise complain(
            f"{rule.expectation} must be able to read its arguments: "
            + ("" if whole else f"{name}: ")
            + str(first["msg"]),
            "expectation" if whole else name,
            rule.expectation if whole else rule.arguments.get(name),
            f"It takes: {', '.join(_argument_fields(rule.expectation))}.",
        ) from None


def _is_converted(field: Any, given: Any, kept: Any) -> bool:
    """Tell whether the library changed the value of an argument to make it fit."""
    if isinstance(given, list) and isinstance(kept, list | tuple):
        return any(_is_converted(None, *pair) for pair in zip(given, kept, strict=True))
    if isinstance(given, dict):
        # Where a mapping is one choice of several it means the name of a parameter
        # of the suite, and nothing here gives such parameters a value.
        choices = set(get_args(field.outer_type_)) - {dict, type(None)} if field else ()
        meant = [choice for choice in choices if hasattr(choice, "parse_obj")]
        if meant:  # a form of its own, which the library then keeps as a mapping
            return not any(_is_of_form(choice, given) for choice in meant)
        return isinstance(kept, dict) and bool(choices)
    if isinstance(given, str) and isinstance(kept, datetime):
        return False  # texts are how a time is written here
    return bool(kept != given) or isinstance(kept, bool) != isinstance(given, bool)


def _is_of_form(form: Any, given: dict[str, Any]) -> bool:
    """Tell whether a mapping has the keys and types of one of the library's models."""
    from great_expectations.compatibility.pydantic import ValidationError

    try:
        return bool(form.parse_obj(given).dict() == given)
    except ValidationError:
        return False


def _check_values(rule: Rule, complain: Complaint) -> None:
    """Refuse values that no data could meet, which the library does not notice."""
    lowest, highest = (rule.arguments.get(f"{end}_value") for end in ("min", "max"))
    if lowest is not None and highest is not None and lowest > highest:
        raise complain(
            "min_value must not be above max_value",
            "min_value",
            lowest,
            f"max_value is {highest}: exchange them or correct one.",
        )
    for name in ("regex", "regex_list"):
        for regex in _as_list(rule.arguments.get(name, [])):
            try:
                re.compile(regex)
            except re.error as error:
                raise complain(
                    f"{name} must be a regular expression: {error}",
                    name,
                    regex,
                    "Correct the expression; it is read by Python's `re`.",
                ) from None


def _as_list(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the only item of one."""
    return value if isinstance(value, list) else [value]


def _suggest(name: str, known: Iterable[str]) -> str:
    """Say which known name is the closest, or which there are."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(names)}."


# --- the library --------------------------------------------------------------------


def great_expectations_library() -> Any:
    """Import Great Expectations, which takes seconds, with its analytics off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    import great_expectations.expectations  # registers them

    return great_expectations


def expectation_class(name: str) -> Any:
    """Look up the library's class of an expectation."""
    great_expectations_library()
    from great_expectations.expectations.registry import get_expectation_impl

    return get_expectation_impl(name)


def _known_expectations() -> list[str]:
    """List the library's expectations, less those for databases."""
    great_expectations_library()
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    names = list_registered_expectation_implementations()
    return [name for name in names if name.startswith("expect_")]


def _argument_fields(name: str) -> dict[str, Any]:
    """Map the arguments of an expectation, less what every expectation has."""
    great_expectations_library()
    from great_expectations.expectations.expectation import Expectation

    withheld = Expectation.__fields__.keys() | _WITHHELD_ARGUMENTS
    fields = expectation_class(name).__fields__
    return {key: field for key, field in fields.items() if key not in withheld}
