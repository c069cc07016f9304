"""`pedigree promote`: whether a version becomes the champion of its model."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pedigree.errors import RefusedError

if TYPE_CHECKING:
    from rich.table import Table

    from pedigree.promotion.rules import Findings


def promote_command(
    model: Annotated[str, typer.Argument(help="A registered model, e.g. digits")],
    version: Annotated[
        int | None,
        typer.Option("--version", min=1, help="Instead of the challenger."),
    ] = None,
) -> None:
    """Make a version the champion if every rule of `promotion.MODEL` holds."""
    from rich.console import Console

    from pedigree.promotion.promote import promote

    decision, findings = promote(model, version)
    # A file or a pipe has no width to keep to.
    width = None if sys.stdout.isatty() else 10_000
    Console(highlight=False, width=width).print(_table(findings))
    if decision.decision != "promoted":
        raise RefusedError(
            f"models:/{model}/{decision.end} must hold to promotion.{model}. Received: "
            f"{decision.reason}",
            f"The champion stays {decision.start or 'none'}; it is in the history.",
        )
    before = f", after {decision.start}" if decision.start else ""
    typer.echo(f"models:/{model}/{decision.end} is the champion{before}.")


def _table(findings: "Findings") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table("rule", "required", "measured", "holds")
    for rule in findings.rules:
        texts = (rule.name, rule.required, rule.measured)
        table.add_row(*map(escape, texts), "yes" if rule.ok else "NO")
    return table
