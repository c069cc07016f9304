"""`pedigree compare`: measured figures beside published ones."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal, NamedTuple

import typer

from pedigree.catalogue.read import is_of_study, read_catalogue, require_study
from pedigree.params.experiments import Experiment
from pedigree.params.file import Parameters, read_parameters
from pedigree.tracking.results import Number, Result, read_results
from pedigree.tracking.search_results import figure_name

CONFIDENCE = 0.95
COLUMNS = ("metric", "published", "measured", "95 % interval", "difference")
TIMES = ("id", "epochs", "seconds of training", "per epoch")


@dataclass(frozen=True)
class Row:
    """An experiment or a search with what was published and what was measured.

    Attributes:
        epochs: Epochs done; of a search, by all trials.
        seconds: Duration of the training, or of the search.
        remark: What a reader should know.
    """

    id: str
    study: str
    scale: str
    published: dict[str, float]
    measured: dict[str, Number]
    interval: dict[str, tuple[float, float]]
    epochs: int | None
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
    known = list(_entries(catalogue.parameters, active))
    if study is not None:
        require_study(study, [*catalogue.titles, *(each.study for each in known)])
        known = [each for each in known if is_of_study(each.study, study)]
    studies = sorted({each.study for each in known})
    results = {name: read_results(name) for name in studies}
    rows = [_row(each, results[each.study].get(each.id)) for each in known]
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
    if remarks:
        lines += [*remarks, ""]
    timed = [row for row in rows if row.seconds and row.epochs]
    if timed:
        lines += [_line(TIMES), _line(["---"] * len(TIMES))]
        lines += [_line(_times(row)) for row in timed]
        lines.append("")
    return "\n".join(lines)


def _times(row: Row) -> list[str]:
    seconds, epochs = row.seconds or 0, row.epochs or 1
    return [row.id, str(epochs), f"{seconds:,.0f}", f"{seconds / epochs:,.3g}"]


class _Entry(NamedTuple):
    """What is told of an experiment or a search, measured or not."""

    id: str
    study: str
    published: dict[str, float]
    missing: str


def _entries(catalogue: Parameters, active: Parameters) -> Iterator[_Entry]:
    """List all experiments and, after them, all searches.

    What is active counts as it stands in params.yaml.
    """
    experiments = {**catalogue.experiments, **active.experiments}
    features = {**catalogue.features, **active.features}
    downloads = {**catalogue.downloads, **active.downloads}

    def missing(experiment: Experiment) -> str:
        dataset = features[experiment.features].dataset
        if dataset in downloads:
            return ""
        return (
            f"Not run: the files of {dataset} are no download that is pinned. "
            f"`pedigree mirror {dataset}` names them."
        )

    for name, each in experiments.items():
        yield _Entry(name, each.study, dict(each.published), missing(each))
    for name, search in {**catalogue.searches, **active.searches}.items():
        of = experiments[search.experiment]
        published = {figure_name(search, k): v for k, v in search.published.items()}
        yield _Entry(name, of.study, published, missing(of))


def _row(entry: _Entry, result: Result | None) -> Row:
    return Row(
        id=entry.id,
        study=entry.study,
        scale=result.scale if result else "not run",
        published=entry.published,
        measured=dict(result.measured) if result else {},
        interval=dict(result.interval) if result else {},
        epochs=result.epochs if result else None,
        seconds=result.seconds if result else None,
        remark=result.remark if result else entry.missing,
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
