"""An ancestry as one self-contained HTML page: the graph, then each step in full."""

from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pedigree.lineage.ancestry import Ancestry
from pedigree.lineage.graph import Graph, build_graph
from pedigree.lineage.tree import SHORT, describe_run, parameters

TEMPLATE = Path(__file__).with_name("page.html.jinja")

# What is drawn; parameters, code and runs stand in the table of their stage.
_DRAWN = ("model_version", "artifact", "stage", "dataset", "source")

# In pixels.
BOX_WIDTH, BOX_HEIGHT = 230, 44
COLUMN_WIDTH, ROW_HEIGHT = 260, 84
BOW = 90


@dataclass(frozen=True)
class Box:
    """A node at its place in the drawing, in pixels from the upper left corner."""

    identity: str
    kind: str
    name: str
    hash: str
    x: int
    y: int


@dataclass(frozen=True)
class Drawing:
    """Boxes, and the lines between them as paths of SVG; measures in pixels."""

    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    width: int
    height: int


def write_page(ancestry: Ancestry, path: Path) -> None:
    """Write the page; it loads nothing from elsewhere.

    Args:
        ancestry: The ancestry of a model version.
        path: The file to write.
    """
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    content = template.render(
        ancestry=ancestry,
        drawing=draw(build_graph(ancestry)),
        executions=ancestry.executions,
        describe_run=describe_run,
        parameters=parameters,
        box_width=BOX_WIDTH,
        box_height=BOX_HEIGHT,
        short=SHORT,
    )
    path.write_text(content, "utf-8")


def draw(graph: Graph) -> Drawing:
    """Place nodes in rows: each below all that is made from it.

    Args:
        graph: The graph; what is made stands above what it is made from.
    """
    nodes = {each["id"]: each for each in graph["nodes"] if each["kind"] in _DRAWN}
    edges = [(a, b) for a, b in graph["edges"] if a in nodes and b in nodes]
    rows = _rows(nodes, edges)
    columns = max(map(len, rows))
    boxes = {
        identity: _box(nodes[identity], number, row, columns - len(identities))
        for row, identities in enumerate(rows)
        for number, identity in enumerate(identities)
    }
    return Drawing(
        tuple(boxes.values()),
        tuple(_line(boxes[a], boxes[b]) for a, b in edges),
        columns * COLUMN_WIDTH + BOW,
        len(rows) * ROW_HEIGHT,
    )


def _rows(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> list[list[str]]:
    """Group nodes by the length of the longest way to them from the model version."""
    above: dict[str, set[str]] = {identity: set() for identity in nodes}
    for start, end in edges:
        above[end].add(start)
    depth: dict[str, int] = {}
    for identity in TopologicalSorter(above).static_order():
        depth[identity] = 1 + max((depth[each] for each in above[identity]), default=-1)
    rows: list[list[str]] = [[] for _ in range(1 + max(depth.values()))]
    for identity in nodes:
        rows[depth[identity]].append(identity)
    return rows


def _box(node: dict[str, Any], number: int, row: int, missing: int) -> Box:
    """Place a node in its row; a row with missing boxes is centred."""
    left = COLUMN_WIDTH * number + COLUMN_WIDTH * missing // 2
    x = left + (COLUMN_WIDTH - BOX_WIDTH) // 2
    y = row * ROW_HEIGHT + (ROW_HEIGHT - BOX_HEIGHT) // 2
    identity, kind, name = node["id"], node["kind"], node["name"]
    return Box(identity, kind, name, str(node["hash"])[:SHORT], x, y)


def _line(start: Box, end: Box) -> str:
    """Draw a line to the next row, or around the rows between to a later one."""
    if end.y - start.y <= ROW_HEIGHT:
        x1, x2 = start.x + BOX_WIDTH // 2, end.x + BOX_WIDTH // 2
        y1, y2 = start.y + BOX_HEIGHT, end.y
        return f"M {x1} {y1} C {x1} {y1 + 24}, {x2} {y2 - 24}, {x2} {y2}"
    x1, x2 = start.x + BOX_WIDTH, end.x + BOX_WIDTH
    y1, y2 = start.y + BOX_HEIGHT // 2, end.y + BOX_HEIGHT // 2
    return f"M {x1} {y1} C {x1 + BOW} {y1}, {x2 + BOW} {y2}, {x2} {y2}"
