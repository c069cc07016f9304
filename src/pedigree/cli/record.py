"""`pedigree record`: keeping what was measured, with its lineage."""

from pathlib import Path
from typing import Annotated

import typer

from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE, Parameters, read_parameters
from pedigree.tracking.dvc_entry import open_pipeline_file
from pedigree.tracking.results import record, write_results
from pedigree.tracking.search_results import record_search


def record_command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID...", help="Active experiments and searches; else all measured."
        ),
    ] = None,
    remark: Annotated[
        str | None, typer.Option("--remark", help="A remark on one of them.")
    ] = None,
) -> None:
    """Keep measured figures in results/, with their lineage."""
    known, active = read_catalogue().parameters, read_parameters()
    if remark is not None and len(ids or ()) != 1:
        raise WrongUseError(
            "--remark must go with exactly one ID. Received: "
            f"{' '.join(ids or ()) or 'none'}",
            "Record one experiment at a time to give each its remark.",
        )
    chosen = _select(ids, active)
    file = open_pipeline_file()
    results = [
        (record_search if name in active.searches else record)(
            name, active, known, remark, file
        )
        for name in chosen
    ]
    paths = write_results(results)
    for result in results:
        typer.echo(f"recorded {result.id} ({result.scale})")
    typer.echo(f"in {', '.join(map(str, paths))}")


def _select(ids: list[str] | None, active: Parameters) -> list[str]:
    """What is asked for, or else all experiments and searches that were measured."""
    if not ids:
        files = {
            **{name: Path(name, "metrics.json") for name in active.experiments},
            **{name: Path("search", name, "best.json") for name in active.searches},
        }
        measured = [
            name for name, path in files.items() if Path("reports", path).exists()
        ]
        if not measured:
            raise WrongUseError(
                "an active experiment must have been measured. Received: no "
                "reports/<id>/metrics.json",
                "Run `dvc repro`.",
            )
        return measured
    for name in ids:
        if name not in {*active.experiments, *active.searches}:
            raise WrongUseError(
                "an experiment or a search must be active to be recorded. Received: "
                f"{name!r}, "
                f"which is not in {PARAMS_FILE}",
                "`pedigree list` shows which are; `pedigree activate` adds one.",
            )
    return list(dict.fromkeys(ids))
