"""Values in a YAML file, replaced where they stand: everything else stays as it is."""

import json
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

Path = tuple[str | int, ...]

# A text that YAML takes for one without quotes, and for nothing else.
_WORD = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][A-Za-z0-9_]*")


def replace_values(text: str, values: Mapping[Path, Any]) -> str:
    """Put other values at some paths.

    Args:
        text: The file.
        values: Scalars, or lists of them, by the paths that they go to, which have to
            be there.

    Returns:
        The file with these values in the style of the file's own: in one line.
    """
    root = YAML(typ="safe", pure=True).compose(text)
    spans = sorted((*_span(_find(root, path)), path) for path in values)
    for start, end, path in reversed(spans):
        text = f"{text[:start]}{_write(values[path])}{text[end:]}"
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


def _span(node: Node) -> tuple[int, int]:
    """Where a value stands; a block ends with what is in it, not with what follows."""
    last = node
    while isinstance(last, CollectionNode) and not last.flow_style and last.value:
        child = last.value[-1]
        last = child[1] if isinstance(child, tuple) else child
    return node.start_mark.index, last.end_mark.index


def _write(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_write, value))}]"
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
