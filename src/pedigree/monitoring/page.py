"""What was found in new data, as one self-contained HTML page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from pedigree.data.description import describe
from pedigree.monitoring.drift import Cell
from pedigree.monitoring.monitor import Observation

TEMPLATE = Path(__file__).with_name("page.html.jinja")

# In pixels.
WIDTH, HEIGHT = 180, 36


@dataclass(frozen=True)
class Bar:
    """A bar of a drawing; measures in pixels from the upper left corner."""

    kind: str
    title: str
    x: float
    y: float
    width: float
    height: float


def render_page(seen: Observation) -> str:
    """Render the page; it loads nothing from elsewhere."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    return template.render(
        seen=seen,
        uri=seen.version.ancestry.uri,
        describe=describe,
        bars=lambda cells: list(_bars(cells)),
        width=WIDTH,
        height=HEIGHT,
    )


def _bars(cells: tuple[Cell, ...]) -> Iterator[Bar]:
    """Draw two bars per cell side by side, as high as their shares."""
    highest = max(max(cell.training, cell.new) for cell in cells) or 1
    step = WIDTH / len(cells)
    for number, cell in enumerate(cells):
        pair = (("training", cell.training), ("new", cell.new))
        for place, (kind, share) in enumerate(pair):
            tall = HEIGHT * share / highest
            yield Bar(
                kind,
                f"{cell.name}: {share:.1%} of the {kind} rows",
                round(step * (number + 0.4 * place + 0.1), 1),
                round(HEIGHT - tall, 1),
                round(step * 0.4, 1),
                round(tall, 1),
            )
