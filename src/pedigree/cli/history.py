"""`pedigree history`: what was decided about the versions of a model, and why."""

import json
import sys
from typing import Annotated

import typer


def history_command(
    model: Annotated[str, typer.Argument(help="A registered model, e.g. digits")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List each decision about a model, refused ones included, the oldest first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from pedigree.promotion.promote import show_history

    decisions = show_history(model)
    if as_json:
        rows = [
            {name: value for name, value in each.as_json().items() if name != "who"}
            for each in decisions
        ]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table("time", "who", "from", "to", "decision", "reason")
    for each in decisions:
        versions = (str(v) if v else "-" for v in (each.start, each.end))
        table.add_row(
            each.time, escape(each.who), *versions, each.decision, escape(each.reason)
        )
    width = None if sys.stdout.isatty() else 10_000
    Console(highlight=False, width=width).print(table)
