"""`pedigree rebuild`: whether a model version comes out again, byte for byte."""

import typer

from pedigree.cli.arguments import ModelUri


def rebuild_command(
    model_uri: ModelUri,
) -> None:
    """Build a model version again in a clean worktree; 0 if it is byte-identical."""
    from pedigree.lineage.ancestry import read_ancestry
    from pedigree.lineage.rebuild import other_packages, rebuild
    from pedigree.lineage.records import open_records

    ancestry = read_ancestry(open_records(), model_uri)
    for name, (then, now) in other_packages(ancestry).items():
        typer.echo(f"{name} was {then} and is {now}.", err=True)
    for execution, seconds in rebuild(ancestry):
        outputs = ", ".join(execution.outputs)
        typer.echo(f"{execution.address}: {outputs} as recorded ({seconds:.0f} s)")
    typer.echo(
        f"{ancestry.uri} is byte-identical: {ancestry.model_path} {ancestry.model_hash}"
    )
