"""`pedigree record`: keeping what was measured, with its lineage."""

from pathlib import Path
from typing import Annotated

import typer

from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE, Parameters, read_parameters
from pedigree.tracking.dvc_entry import open_pipeline_file
from pedigree.tracking.results import record, write_results


def record_command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Active experiments; else all measured."),
    ] = None,
    remark: Annotated[
        str | None, typer.Option("--remark", help="A remark on one experiment.")
    ] = None,
) -> None:
    """Keep the measured figures of experiments in results/, with their lineage."""
    known, active = read_catalogue().parameters, read_parameters()
    if remark is not None and len(ids or ()) != 1:
        raise WrongUseError(
            "--remark must go with exactly one ID. Received: "
            f"{' '.join(ids or ()) or 'none'}",
            "Record one experiment at a time to give each its remark.",
        )
    chosen = _select(ids, active)
    file = open_pipeline_file()
    results = [record(name, active, known, remark, file) for name in chosen]
    paths = write_results(results)
    for result in results:
        typer.echo(f"recorded {result.id} ({result.scale})")
    typer.echo(f"in {', '.join(map(str, paths))}")


def _select(ids: list[str] | None, active: Parameters) -> list[str]:
    """The experiments that are asked for, or else all that have been measured."""
    if not ids:
        measured = [
            name
            for name in active.experiments
            if Path("reports", name, "metrics.json").exists()
        ]
        if not measured:
            raise WrongUseError(
                "an active experiment must have been measured. Received: no "
                "reports/<id>/metrics.json",
                "Run `dvc repro`.",
            )
        return measured
    for name in ids:
        if name not in active.experiments:
            raise WrongUseError(
                f"an experiment must be active to be recorded. Received: {name!r}, "
                f"which is not in {PARAMS_FILE}",
                "`pedigree list` shows which are; `pedigree activate` adds one.",
            )
    return list(dict.fromkeys(ids))
