"""Entries as they stand in a file: lists on as many lines as they need."""

import io
import re
from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from pedigree.data.profile.entries import Entry

_WIDTH = 88

# What stands for itself in any place of a file; other texts are put into quotes.
_PLAIN = re.compile(r"[^\W\d](?:[\w .-]*\w)?")

# Texts to YAML 1.2 and this project, and truth values to whoever still reads YAML 1.1.
_ONCE_TRUTH_VALUES = frozenset({"yes", "no", "on", "off"})


def write_entries(sections: Iterable[tuple[str, list[Entry]]]) -> str:
    """Write a suite.

    Args:
        sections: The entries below each heading; a heading without any is left out.
    """
    shown = [
        f"  # --- {title} ---\n" + "".join(map(_item, entries))
        for title, entries in sections
        if entries
    ]
    return "expectations:\n" + "\n".join(shown)


def _item(entry: Entry) -> str:
    text = "".join(_lines(entry))
    return f"  - {indent(text, '    ')[4:]}"


def _lines(mapping: dict[str, Any]) -> Iterator[str]:
    for key, value in mapping.items():
        if isinstance(value, dict):
            yield f"{key}:\n" + indent("".join(_lines(value)), "  ")
        elif isinstance(value, list):
            yield _wrapped(key, value)
        else:
            ours = key in ("reason", "regex")
            yield _dump({key: value if ours else _quoted(value)})


def _wrapped(key: str, values: list[Any]) -> str:
    """Break a list into lines, between its items alone."""
    lines = [f"{key}: ["]
    items = [_flow(value) for value in values]
    for number, item in enumerate(items):
        last = number == len(items) - 1
        item += "]" if last else ","
        if len(lines[-1]) + len(item) + 7 > _WIDTH and not lines[-1].endswith("["):
            lines.append(" ")
        lines[-1] += item if lines[-1].endswith("[") else f" {item}"
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """Write one item of a list."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    sequence = CommentedSeq([_quoted(value)])
    sequence.fa.set_flow_style()
    return _dump(sequence).strip()[1:-1]


def _quoted(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    plain = _PLAIN.fullmatch(value) and value.lower() not in _ONCE_TRUTH_VALUES
    return value if plain else DoubleQuotedScalarString(value)


def _dump(value: Any) -> str:
    yaml = YAML()
    yaml.width = 10**9
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()
