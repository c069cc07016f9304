"""The table of an experiment's figures for the terminal, split by split."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pedigree.evaluation.console import figure

if TYPE_CHECKING:
    from rich.table import Table

# What has a line of figures, in the order of the lines.
MEASURED = ("train", "validation", "test", "yardstick")


def table_of_figures(
    metrics: Mapping[str, Any], titles: Mapping[str, str], decimals: int = 4
) -> "Table":
    """Lay out the figures of each split, and the intervals of the reported one.

    Args:
        metrics: What `measure` of a task returned.
        titles: The heading of each figure, by the name that its interval has:
            `classes.<class>.<figure>` is a figure of a class.
        decimals: How many of them are shown.
    """
    from rich.markup import escape
    from rich.table import Table

    ((reported, intervals),) = metrics["intervals"].items()
    table = Table("split", title="Figures", title_justify="left")
    for title in titles.values():
        table.add_column(escape(title), justify="right")
    for split in MEASURED:
        if split in metrics:
            values = (_value(metrics[split], name) for name in titles)
            table.add_row(split, *(figure(value, decimals) for value in values))
    ends = (_ends(intervals.get(name), decimals) for name in titles)
    table.add_row(f"{reported} interval", *ends)
    return table


def _value(figures: Mapping[str, Any], name: str) -> float | None:
    """The figure of a split, or of one of its classes, whose names may have dots."""
    section, _, rest = name.partition(".")
    if section != "classes":
        return figures.get(name)
    of_class, _, name = rest.rpartition(".")
    return _value(figures["classes"][of_class], name)


def _ends(interval: Mapping[str, float] | None, decimals: int) -> str:
    """Both ends of an interval, or a dash where a figure has none."""
    ends = interval.values() if interval else (None,)
    return " to ".join(figure(end, decimals) for end in ends)
