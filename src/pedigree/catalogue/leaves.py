"""Values in a YAML file, replaced where they stand: everything else stays as it is."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from pedigree.errors import WrongUseError

Path = tuple[str | int, ...]

# A text that YAML takes for one without quotes, and for nothing else.
_WORD = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][A-Za-z0-9_]*")


# What may stand between a key, or the dash of an item, and what follows an empty value.
_NOTHING = re.compile(r"(?<=[:-])(?:\s+#[^\n]*|\s)*\Z")

# A comment, or what looks like one within quotes.
_COMMENT = re.compile(r"(?:^|\s)#", re.MULTILINE)


def replace_values(text: str, values: Mapping[Path, Any]) -> str:
    """Put other values at some paths.

    Args:
        text: The file.
        values: Scalars, or lists of them, by the paths that they go to, which have to
            be there.

    Returns:
        The file with these values: a list in lines remains one, all else is written in
        one line.

    Raises:
        WrongUseError: If a list has comments, which would be lost.
    """
    root = YAML(typ="safe", pure=True).compose(text)
    nodes = {path: _find(root, path) for path in values}
    for path, node in sorted(nodes.items(), key=lambda each: -_start(each[1])):
        start, end = _span(text, node)
        if isinstance(node, CollectionNode):
            _refuse_comments(text, node, start, end, path)
        text = f"{text[:start]}{_replacement(values[path], node)}{text[end:]}"
    return text


def _find(node: Any, path: Path) -> Node:
    for step in path:
        if isinstance(node, MappingNode):
            (node,) = (value for key, value in node.value if key.value == step)
        else:
            assert isinstance(node, SequenceNode)
            node = node.value[step]
    found: Node = node
    return found


def _start(node: Node) -> int:
    index: int = node.start_mark.index
    return index


def _span(text: str, node: Node) -> tuple[int, int]:
    """Where a value stands; a block ends with what is in it, not with what follows."""
    start = _start(node)
    if _is_empty(node):
        nothing = _NOTHING.search(text, 0, start)
        start = nothing.start() if nothing else start
        return start, start
    last = node
    while _is_block(last) and last.value:
        child = last.value[-1]
        last = child[1] if isinstance(child, tuple) else child
    return start, start + len(text[start : last.end_mark.index].rstrip())


def _is_empty(node: Node) -> bool:
    """Whether there is a key, or a dash, and no value."""
    return bool(node.start_mark.index == node.end_mark.index)


def _is_block(node: Node) -> bool:
    return isinstance(node, CollectionNode) and not node.flow_style


def _refuse_comments(text: str, node: Node, start: int, end: int, path: Path) -> None:
    """Refuse a collection with comments; one behind a list in one line can stay."""
    if _is_block(node):
        end = len(text[:end] + text[end:].partition("\n")[0])
    comment = _COMMENT.search(text, start, end)
    if comment:
        line = text[comment.start() + 1 : end].partition("\n")[0]
        raise WrongUseError(
            "a list must have no comments where the number of its items changes. "
            f"Received: {'.'.join(map(str, path))} with the comment {line}",
            "Move the comment above the list's key.",
        )


def _replacement(value: Any, node: Node) -> str:
    """Write a value for the place of another."""
    if _is_empty(node):
        return f" {_write(value)}"
    if not _is_block(node):
        return _write(value)
    if isinstance(value, list) and value:
        between = f"\n{' ' * node.start_mark.column}"
        return between.join(f"- {_write(item)}" for item in value)
    # A list in lines may begin in the column of its key; nothing else may.
    return f" {_write(value)}"


def _write(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_write, value))}]"
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
