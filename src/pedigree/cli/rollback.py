"""`pedigree rollback`: back to the champion before the present one."""

from typing import Annotated

import typer

from pedigree.errors import RefusedError


def rollback_command(
    model: Annotated[str, typer.Argument(help="A registered model, e.g. digits")],
) -> None:
    """Return to the previous champion, once its lineage and files are verified."""
    from pedigree.promotion.promote import rollback

    decision = rollback(model)
    if decision.decision != "rolled back":
        raise RefusedError(
            f"models:/{model}/{decision.end} must be whole to return to it. Received: "
            f"{decision.reason}",
            f"Promote a version that is: `pedigree promote {model} --version N`.",
        )
    typer.echo(
        f"models:/{model}/{decision.end} is the champion, after {decision.start}."
    )
