"""The table of a search's trials for the terminal, the best ones first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pedigree.evaluation.console import figure

if TYPE_CHECKING:
    from rich.table import Table

# More trials than this are in `trials.csv` alone.
SHOWN = 30

Row = tuple[int, Sequence[Any], float | None, int | None]


def table_of_trials(
    names: Sequence[str], objective: str, rows: Sequence[Row]
) -> "Table":
    """Build the table.

    Args:
        names: The names of the axes.
        objective: What the trials are judged by.
        rows: For each trial, the best first: its number, its values, what it has
            reached, in which epoch; the last two are None if it failed.
    """
    from rich import box
    from rich.table import Table

    title = f"{len(rows)} trials" + (f", the best {SHOWN}" if len(rows) > SHOWN else "")
    table = Table("trial", *names, title=title, box=box.SIMPLE_HEAD)
    table.add_column(objective, justify="right")
    table.add_column("epoch", justify="right")
    for place, (number, values, score, epoch) in enumerate(rows[:SHOWN]):
        told = [str(number), *map(str, values), figure(score), figure(epoch)]
        table.add_row(*told, style="bold" if place == 0 else None)
    return table
