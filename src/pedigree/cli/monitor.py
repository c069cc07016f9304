"""`pedigree monitor`: whether new data say that a model has to be trained again."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigree.cli.arguments import ModelUri
from pedigree.errors import RefusedError, WrongUseError

if TYPE_CHECKING:
    from rich.table import Table

    from pedigree.monitoring.monitor import Observation


def monitor_command(
    model_uri: ModelUri,
    new: Annotated[
        Path, typer.Argument(metavar="NEW", help="A .csv, .csv.gz or .parquet of rows.")
    ],
    labels: Annotated[
        str | None,
        typer.Option("--labels", help="The column of NEW that was to be predicted."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the page to a file as well.")
    ] = None,
) -> None:
    """Compare new data with those that a version was trained on; 1 says train again."""
    _check_page(html)
    gc.enable()  # a large file makes garbage that does matter
    from rich.console import Console

    from pedigree.lineage.records import open_records
    from pedigree.monitoring.log import figures_of, log_observation, monitoring_run
    from pedigree.monitoring.monitor import observe
    from pedigree.monitoring.page import render_page
    from pedigree.params.file import read_parameters
    from pedigree.serving.version import load_version

    thresholds = read_parameters().monitoring
    with _no_other_refusals():
        version = load_version(open_records(), model_uri)
        uri, name = version.ancestry.uri, version.ancestry.name
        with monitoring_run(version) as run:
            tested = figures_of(version)
            seen = observe(version, new, labels, thresholds.get(name), tested)
            log_observation(run, seen)
    if html is not None:
        html.write_text(render_page(seen), "utf-8")
    # A file or a pipe has no width to keep to.
    width = None if sys.stdout.isatty() else 10_000
    Console(highlight=False, width=width).print(_table(seen))
    typer.echo(summarize(seen))
    if seen.reasons:
        raise RefusedError(
            f"{uri} must stay within monitoring.{name} of params.yaml. Received: "
            f"{'; '.join(seen.reasons)}",
            "Train it again; the run in MLflow holds monitoring.html.",
        )


def _check_page(html: Path | None) -> None:
    """Refuse a page that cannot be written, before any work is done."""
    if html is not None and (html.is_dir() or not html.parent.is_dir()):
        raise WrongUseError(
            f"--html must name a file in a folder that exists. Received: {html}",
            "Make the folder, or name another file.",
        )


@contextmanager
def _no_other_refusals() -> Iterator[None]:
    """Keep exit code 1 for thresholds: scripts take it for a call to train again."""
    try:
        yield
    except RefusedError as error:
        raise WrongUseError(error.rule, error.remedy) from error


def _table(seen: "Observation") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table("column", "compared", "p, adjusted", "PSI", "drifted")
    for each in seen.comparisons:
        drifted = "YES" if each.has_drifted(seen.drift) else "no"
        figures = (f"{each.adjusted:.2g}", f"{each.psi:.4f}", drifted)
        table.add_row(escape(each.column), each.about, *figures)
    return table


def summarize(seen: "Observation") -> str:
    """Say in one line what was found, with the figure that a threshold is about."""
    from pedigree.monitoring.monitor import say_drifted

    expectations, rows = seen.expectations, seen.data.table.num_rows
    parts = [
        "1 new row" if rows == 1 else f"{rows:,} new rows",
        say_drifted(len(seen.drifted)),
        f"{len(expectations.failed)} of {expectations.checked} expectations not met",
    ]
    if seen.performance:
        declared = seen.thresholds and seen.thresholds.performance
        asked = (declared.metric,) if declared else ()
        for name in dict.fromkeys(("accuracy", "mae", *asked)):
            if name in seen.performance.figures:
                figure = seen.performance.figures[name]
                tested = "unknown" if figure.tested is None else f"{figure.tested:.4f}"
                parts.append(
                    f"{name} {figure.value:.4f} ({figure.low:.4f} to "
                    f"{figure.high:.4f}), tested {tested}"
                )
    if seen.undecided:
        parts.append(seen.undecided)
    if seen.thresholds is None:
        parts.append("no thresholds are declared")
    return "; ".join(parts)
