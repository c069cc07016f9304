"""`pedigree compare`: measured figures beside published ones."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer

from pedigree.catalogue.read import is_of_study, read_catalogue, require_study
from pedigree.params.experiments import Experiment
from pedigree.params.file import read_parameters
from pedigree.tracking.results import Number, Result, read_results

CONFIDENCE = 0.95
COLUMNS = ("metric", "published", "measured", "95 % interval", "difference")


@dataclass(frozen=True)
class Row:
    """An experiment with what was published and what was measured."""

    id: str
    study: str
    scale: str
    published: dict[str, float]
    measured: dict[str, Number]
    interval: dict[str, tuple[float, float]]
    seconds: float | None
    remark: str
    confidence: float

    def metrics(self) -> list[str]:
        """Name the metrics: the published ones in their order, then the others."""
        return [*dict.fromkeys([*self.published, *self.measured])]

    def cells(self, metric: str) -> tuple[str, str, str, str, str]:
        """Write one metric out, a cell for each of `COLUMNS`."""
        published, measured = self.published.get(metric), self.measured.get(metric)
        ends, difference = self.interval.get(metric), ""
        interval = " to ".join(map(_figure, ends)) if ends else ""
        if interval and self.confidence != CONFIDENCE:
            interval += f" ({self.confidence:.4g} confidence)"
        if published is not None and measured is not None:
            difference = _figure(_subtract(measured, published), "+")
        return (
            metric,
            "" if published is None else f"{published:.10g}",
            "" if measured is None else _figure(measured),
            interval,
            difference,
        )


def compare_command(
    study: Annotated[
        str | None, typer.Option("--study", help="Only this study's entries.")
    ] = None,
    output: Annotated[
        Literal["table", "markdown", "json"],
        typer.Option("--format", help="How to print it."),
    ] = "table",
) -> None:
    """Show what was measured beside what was published."""
    catalogue, active = read_catalogue(), read_parameters()
    # What is active counts as it stands in params.yaml.
    experiments = {**catalogue.parameters.experiments, **active.experiments}
    if study is not None:
        own = [each.study for each in experiments.values()]
        require_study(study, [*catalogue.titles, *own])
        experiments = {
            name: each
            for name, each in experiments.items()
            if is_of_study(each.study, study)
        }
    studies = sorted({each.study for each in experiments.values()})
    results = {name: read_results(name) for name in studies}
    rows = [
        _row(name, each, results[each.study].get(name))
        for name, each in experiments.items()
    ]
    if output == "json":
        typer.echo(json.dumps([_as_json(row) for row in rows], indent=2))
        return
    for name in studies:
        of_study = [row for row in rows if row.study == name]
        if output == "markdown":
            typer.echo(markdown_table(name, of_study))
        else:
            _print_table(name, of_study)


def markdown_table(study: str, rows: list[Row]) -> str:
    """Write a study as Markdown: a heading, a table, and the remarks below it."""
    head = ("id", "scale", *COLUMNS)
    lines = [f"## {_safe(study)}", "", _line(head), _line(["---"] * len(head))]
    for row in rows:
        for metric in row.metrics() or [""]:
            lines.append(_line([row.id, row.scale, *row.cells(metric)]))
    lines.append("")
    remarks = [f"- {_safe(row.id)}: {_safe(row.remark)}" for row in rows if row.remark]
    return "\n".join([*lines, *remarks, ""] if remarks else lines)


def _row(name: str, experiment: Experiment, result: Result | None) -> Row:
    return Row(
        id=name,
        study=experiment.study,
        scale=result.scale if result else "not run",
        published=dict(experiment.published),
        measured=dict(result.measured) if result else {},
        interval=dict(result.interval) if result else {},
        seconds=result.seconds if result else None,
        remark=result.remark if result else "",
        confidence=result.confidence if result else CONFIDENCE,
    )


def _as_json(row: Row) -> dict[str, object]:
    content = asdict(row)
    del content["confidence"]
    return content


def _print_table(study: str, rows: list[Row]) -> None:
    """Print a study; an experiment is one line, and its metrics are those below it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        title=Text(study),
        title_justify="left",
    )
    table.add_column(f"experiment, {COLUMNS[0]}", overflow="fold")
    for column in COLUMNS[1:]:
        table.add_column(column, justify="right", overflow="fold")
    for row in rows:
        took = "" if row.seconds is None else f", {row.seconds:,.1f} s"
        table.add_row(Text(f"{row.id} ({row.scale}{took})", style="bold"))
        for metric in row.metrics():
            name, *figures = row.cells(metric)
            table.add_row(Text(f" {name}"), *map(Text, figures))
    console = Console(highlight=False)
    console.print(table)
    for row in rows:
        if row.remark:
            console.print(Text(f"{row.id}: {row.remark}"))
    console.print()


def _subtract(measured: Number, published: float) -> Number:
    """Subtract; the difference of a count and a whole number is a count."""
    whole = isinstance(measured, int) and published.is_integer()
    return measured - int(published) if whole else measured - published


def _figure(value: Number, sign: str = "-") -> str:
    """Write a count as it is, a figure with four decimals, a tiny one with more."""
    if isinstance(value, int):
        return f"{value:{sign}d}"
    if 0 < abs(value) < 1e-3 and sign == "-":
        return f"{value:.3g}"
    return f"{value:{sign}z.4f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_safe, cells))} |"


def _safe(text: str) -> str:
    """Escape what Markdown would read as markup; underscores in words are none."""
    text = re.sub(r"([\\`*\[\]<>|~&$])", r"\\\1", " ".join(text.split()))
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
