"""`pedigree mirror`: fill a folder for a machine without a network."""

from pathlib import Path
from typing import Annotated

import typer

from pedigree.catalogue.read import read_catalogue, require_known
from pedigree.data.filling import fill
from pedigree.params.file import read_parameters


def mirror_command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="What PEDIGREE_MIRROR is to name.")
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="DATASET...", help="Datasets; without any, the active."),
    ] = None,
) -> None:
    """Bring the files of datasets into a mirror, and name those that are missing."""
    active, known = read_parameters(), read_catalogue().parameters
    datasets = {**known.datasets, **active.datasets}
    downloads = {**known.downloads, **active.downloads}
    # An active dataset without a download is one whose file is put by hand.
    for name in active.datasets.keys() - active.downloads.keys():
        downloads.pop(name, None)
    for name in names or ():
        require_known("dataset", name, datasets)
    absent = 0
    for name in names or active.datasets:
        for line in fill(folder, name, datasets, downloads):
            absent += line.state in ("by hand", "failed")
            remark = f" ({line.remark})" if line.remark else ""
            typer.echo(f"{line.state:<8}{line.name}{remark}")
    if absent:
        typer.echo(f"{absent} files are missing.", err=True)
        raise typer.Exit(1)
