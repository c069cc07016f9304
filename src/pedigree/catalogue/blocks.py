"""Entries of a YAML file as blocks of lines: cut out, put in, comments kept.

A parameters file is sections of named entries. An entry is moved as the text that it
is, so that whatever else stands in the file keeps its comments and its layout.
"""

import re
import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode

from pedigree.errors import WrongUseError


@dataclass(frozen=True)
class Block:
    """Lines of a file, from `start` to before `end`, indented by `column`."""

    start: int
    end: int
    column: int


@dataclass(frozen=True)
class SectionBlock(Block):
    """A section: its first line, and a block for each of its entries.

    Attributes:
        entries: The block of each entry; none if the section is `{}`.
        colon: Where the colon stands on the first line.
    """

    entries: dict[str, Block]
    colon: int


def find_sections(text: str) -> dict[str, SectionBlock]:
    """Find the sections of a parameters file and their entries.

    Raises:
        WrongUseError: If the entries of a section do not stand on lines of their own.
    """
    lines = text.splitlines()
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        raise shared_lines(" ".join(str(error).split())) from error
    if not isinstance(root, MappingNode):
        return {}
    if root.flow_style and root.value:
        raise shared_lines(f"{{{root.value[0][0].value}: ...}}")
    sections = {}
    for key, value, block in _children(root, lines, len(lines)):
        if not isinstance(value, MappingNode):
            continue
        if value.flow_style and value.value:
            entry = value.value[0][0].value
            raise shared_lines(f"{key.value}: {{{entry}: ...}}")
        entries = {
            name.value: entry for name, _, entry in _children(value, lines, block.end)
        }
        colon = key.end_mark.column
        sections[key.value] = SectionBlock(
            block.start, block.end, block.column, entries, colon
        )
    return sections


def read_block(text: str, block: Block) -> str:
    """Read the lines of a block, indentation taken off."""
    lines = text.splitlines(keepends=True)[block.start : block.end]
    return textwrap.dedent("".join(lines)).rstrip("\n") + "\n"


def add_entries(text: str, section: str, entries: Sequence[str]) -> str:
    """Put entries at the end of a section, which is made where it is missing.

    Args:
        text: The file.
        section: The name of the section.
        entries: The text of each entry, without indentation.
    """
    if not entries:
        return text
    text = text if text.endswith("\n") or not text else text + "\n"
    found = find_sections(text).get(section)
    if found is None:
        gap = "\n" if text else ""
        block = textwrap.indent("".join(entries), "  ")
        return f"{text}{gap}{section}:\n{block}"
    lines = text.splitlines(keepends=True)
    column = 2
    if found.entries:
        column = next(iter(found.entries.values())).column
    else:
        head = lines[found.start]
        rest = re.sub(r"^\{\s*\}", "", head[found.colon + 1 :].strip())
        lines[found.start] = f"{head[: found.colon]}:{rest}\n"
    lines.insert(found.end, textwrap.indent("".join(entries), " " * column))
    return "".join(lines)


def remove_entries(text: str, section: str, names: Collection[str]) -> str:
    """Take entries out of a section; a section left empty becomes `{}`."""
    found = find_sections(text).get(section)
    if found is None or not found.entries.keys() & set(names):
        return text
    lines = text.splitlines(keepends=True)
    for name, block in reversed(found.entries.items()):
        if name in names:
            del lines[block.start : block.end]
    if found.entries.keys() <= set(names):
        head = lines[found.start]
        lines[found.start] = f"{head[: found.colon]}: {{}}{head[found.colon + 1 :]}"
    return "".join(lines)


def shared_lines(received: str) -> WrongUseError:
    """The error for a file that cannot be edited line by line."""
    return WrongUseError(
        "each entry of params.yaml must stand on lines of its own to be edited. "
        f"Received: {received}",
        "Write the sections in block style, as the files in catalogue/ are.",
    )


def _children(
    mapping: MappingNode, lines: list[str], end: int
) -> Iterator[tuple[Any, Any, Block]]:
    """Yield key, value and lines of each child of a mapping that ends at a line."""
    if mapping.flow_style:
        return
    starts = [key.start_mark.line for key, _ in mapping.value]
    for (key, value), start, stop in zip(
        mapping.value, starts, [*starts[1:], end], strict=True
    ):
        column = key.start_mark.column
        yield key, value, Block(start, _content_end(lines, start, stop, column), column)


def _content_end(lines: list[str], start: int, stop: int, column: int) -> int:
    """Leave out what trails a child: blank lines, and comments of the next child."""
    for line in range(stop - 1, start, -1):
        content = lines[line].lstrip()
        indent = len(lines[line]) - len(content)
        if content and (not content.startswith("#") or indent > column):
            return line + 1
    return start + 1
