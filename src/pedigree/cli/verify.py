"""`pedigree verify`: whether every byte behind a model version is as recorded."""

from pathlib import Path

import typer

from pedigree.cli.arguments import ModelUri
from pedigree.errors import RefusedError


def verify_command(
    model_uri: ModelUri,
) -> None:
    """Hash anew all that a model version descends from; stop at what differs."""
    from pedigree.lineage.ancestry import read_ancestry
    from pedigree.lineage.artifact import download
    from pedigree.lineage.records import open_records
    from pedigree.lineage.verify import verify

    records = open_records()
    ancestry = read_ancestry(records, model_uri)
    count = 0
    with download(ancestry) as folder:
        for check in verify(ancestry, Path(folder)):
            if check.fault:
                raise RefusedError(
                    f"every byte behind {ancestry.uri} must be as recorded. Received: "
                    f"{check.fault}",
                    check.remedy,
                )
            count += 1
            typer.echo(f"{check.hash[:12]}  {check.name}  ({', '.join(check.places)})")
    typer.echo(f"{ancestry.uri}: {count} items are as recorded.", err=True)
