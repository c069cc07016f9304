"""Frozen sections of YAML files, and errors that name the key and what it holds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pedigree.errors import WrongUseError

# DVC drops keys of these names from the key of its run cache at any depth: the cache
# would then restore an output made with another value.
FORBIDDEN_KEYS = frozenset({"size", "nfiles"})

SectionType = TypeVar("SectionType")


class Section(BaseModel):
    """A frozen, strict part of `params.yaml`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def load_yaml(path: Path) -> Any:
    """Read a YAML 1.2 file, with the parser that DVC uses.

    Raises:
        WrongUseError: If the file is missing or is not YAML.
    """
    try:
        return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WrongUseError(
            f"{path} must exist. Received: no such file",
            "Run the command in the root of the project.",
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        cause = " ".join(str(error).split())
        raise WrongUseError(
            f"{path} must be YAML. Received: {cause}", f"Correct {path}."
        ) from None


def parse(
    section_type: type[SectionType],
    data: Any,
    path: Path,
    keys: tuple[str, ...] = (),
) -> SectionType:
    """Check plain data against a section's type.

    Args:
        section_type: The type of the section.
        data: What was read.
        path: The file it was read from, for the message.
        keys: Where the data stands in that file, for the message.

    Raises:
        WrongUseError: If the data does not fit.
    """
    _check_plain(data, path, keys)
    try:
        # The JSON mode is strict and still takes a list for a tuple.
        return TypeAdapter(section_type).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise _explain(error, data, path, keys) from None


def leaves(data: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the path and the value of every leaf of nested dicts and lists."""
    children: Any = ()
    if isinstance(data, Mapping):
        children = data.items()
    elif isinstance(data, list | tuple):
        children = list(enumerate(data))
    if not children:
        yield (), data
    for key, child in children:
        for path, value in leaves(child):
            yield (key, *path), value


def replace_leaf(data: Any, path: Sequence[str | int], value: Any) -> Any:
    """Copy nested dicts and lists with another value at a path; the rest is shared."""
    if not path:
        return value
    step, *inner = path
    changed = copy(data)
    changed[step] = replace_leaf(data[step], inner, value)
    return changed


def steps_to(data: Any, leaf: str) -> tuple[str | int, ...] | None:
    """Follow a dotted path to a value or a list of values.

    Returns:
        The keys and indices on the way; None if there is no such value.
    """
    path: list[str | int] = []
    for step in leaf.split("."):
        if isinstance(data, Mapping) and step in data:
            path.append(step)
        elif isinstance(data, Sequence) and step.isdigit() and int(step) < len(data):
            path.append(int(step))
        else:
            return None
        data = data[path[-1]]
    return None if isinstance(data, Mapping) else tuple(path)


def _check_plain(data: Any, path: Path, keys: tuple[str, ...]) -> None:
    """Refuse what DVC would not tell apart, or could not read at all."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            where = ".".join([*keys, str(key)])
            if key in FORBIDDEN_KEYS:
                raise WrongUseError(
                    f"no parameter may be called {key!r}: DVC's run cache ignores "
                    f"such keys. Received: {where} in {path}",
                    "Rename the parameter.",
                )
            if not isinstance(key, str):
                raise WrongUseError(
                    "a key must be a text: DVC leaves out any other. Received: "
                    f"{where} in {path}, where {key} is of type {type(key).__name__}",
                    "Put it in quotes, or rename it.",
                )
            _check_plain(value, path, (*keys, key))
    elif isinstance(data, list | tuple):
        for number, value in enumerate(data):
            _check_plain(value, path, (*keys, str(number)))
    elif isinstance(data, float) and not isfinite(data):
        raise WrongUseError(
            f"a number must be finite. Received: {'.'.join(keys)}={data} in {path}",
            "Write a number that is.",
        )
    elif not isinstance(data, str | int | float | None):
        raise WrongUseError(
            "a value must be a text, a number, true, false or null. Received: "
            f"{'.'.join(keys)}={data}, a {type(data).__name__}, in {path}",
            "Put it in quotes.",
        )


def _explain(
    error: ValidationError, data: Any, path: Path, keys: tuple[str, ...]
) -> WrongUseError:
    """Turn pydantic's report into the two lines of a `PedigreeError`."""
    first, *others = error.errors(include_url=False)
    where, received = _locate(data, first["loc"])
    dotted = ".".join([*keys, *map(str, where)])
    rule = first["msg"].removeprefix("Value error, ")
    remedy = f"Correct {path}; `pedigree check` reads it without running anything."
    if others:
        remedy += f" {len(others)} more to correct."
    if first["type"] == "missing":
        missing = ".".join([*keys, *map(str, where), str(first["loc"][-1])])
        rule = f"{missing} is required. Received: nothing in {path}"
        return WrongUseError(rule, remedy)
    if first["type"] == "extra_forbidden":
        rule = "the key is unknown"
    shown = json.dumps(received, default=str)
    shown = shown if len(shown) <= 100 else shown[:97] + "..."
    rule = f"{rule}. Received: {dotted or path}={shown} in {path}"
    return WrongUseError(rule, remedy)


def _locate(data: Any, location: tuple[int | str, ...]) -> tuple[list[int | str], Any]:
    """Follow a pydantic location into the data, leaving out the tags of unions."""
    where: list[int | str] = []
    for step in location:
        inside = isinstance(data, Mapping) and step in data
        if inside or (
            isinstance(data, list) and isinstance(step, int) and step < len(data)
        ):
            where.append(step)
            data = data[step]
    return where, data
