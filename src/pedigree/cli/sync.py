"""`pedigree sync`: runs for results that came from a cache."""

import typer

from pedigree.pipeline import Pipeline


def sync_command() -> None:
    """Give MLflow the runs and model versions it lacks, from the tracked files."""
    addresses = list(Pipeline().stages)
    from pedigree.tracking.sync import sync

    made, absent = sync(addresses)
    for address in made:
        typer.echo(address)
    typer.echo(f"{len(made)} runs made, of {len(addresses)} stages.", err=True)
    if absent:
        typer.echo(
            f"Not here as dvc.lock records them: {', '.join(absent)}. `dvc pull` or "
            "`dvc repro` brings them.",
            err=True,
        )
