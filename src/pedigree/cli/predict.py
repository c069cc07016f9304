"""`pedigree predict`: the answers of a registered model to a file of raw rows."""

import gc
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigree.cli.arguments import ModelUri

if TYPE_CHECKING:
    from pedigree.serving.batch import Progress


def predict_command(
    model_uri: ModelUri,
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A .csv, .csv.gz or .parquet of rows.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The .csv or .parquet to write.")
    ],
    keep: Annotated[
        str, typer.Option("--keep", help="Columns of IN to keep: A,B")
    ] = "",
    columns: Annotated[
        str, typer.Option("--columns", help="All columns of OUT, in order: Id,Label")
    ] = "",
    values: Annotated[
        bool,
        typer.Option("--values", help="Labels as the raw data have them, not by name."),
    ] = False,
) -> None:
    """Write label and probabilities, or a prediction, for each row of a file."""
    from pedigree.lineage.records import open_records
    from pedigree.serving.batch import check_target, predict_file
    from pedigree.serving.version import load_version

    # A stopped command leaves as little behind as one that fails.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    check_target(target, source)
    version = load_version(open_records(), model_uri)
    if not version.own_code:
        typer.echo(
            f"{version.ancestry.uri} was registered with other code than this "
            "checkout's, which answers here.",
            err=True,
        )
    # A large file makes garbage that does matter. Looked for among all that has been
    # imported, it would be found too seldom, and a net's memory is held by it.
    gc.freeze()
    gc.enable()
    started = time.monotonic()
    with _bar(f"{version.ancestry.uri} → {target.name}") as progress:
        rows = predict_file(
            version,
            source,
            target,
            _names(keep),
            _names(columns) or None,
            values,
            progress,
            partial(typer.echo, err=True),
        )
    seconds = time.monotonic() - started
    speed = f"{rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} per second"
    typer.echo(f"{target}: {speed}", err=True)


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


@contextmanager
def _bar(title: str) -> Iterator["Progress"]:
    """Show a bar on a terminal, and nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share: bar.update(task, completed=share)
