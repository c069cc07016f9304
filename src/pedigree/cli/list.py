"""`pedigree list`: what can be activated, and what is active."""

import json
from typing import Annotated

import typer

from pedigree.catalogue.read import is_of_study, read_catalogue, require_study
from pedigree.params.file import Parameters, read_parameters

Rows = list[dict[str, str | bool]]


def list_command(
    study: Annotated[
        str | None, typer.Option("--study", help="Only this study's entries.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the experiments and searches of the catalogue, and which are active."""
    catalogue, active = read_catalogue(), read_parameters()
    rows = _rows(catalogue.parameters, active)
    if study is not None:
        known = [*catalogue.titles, *(str(row["study"]) for row in rows)]
        require_study(study, known)
        rows = [row for row in rows if is_of_study(str(row["study"]), study)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print_table(rows)


def _rows(known: Parameters, active: Parameters) -> Rows:
    """One row per entry; what is active counts as it stands in params.yaml."""
    rows: Rows = []
    for name in {**known.experiments, **active.experiments}:
        holder = active if name in active.experiments else known
        experiment = holder.experiments[name]
        rows.append(
            {
                "id": name,
                "study": experiment.study,
                "dataset": holder.features[experiment.features].dataset,
                "active": name in active.experiments,
            }
        )
    for name in {**known.searches, **active.searches}:
        holder = active if name in active.searches else known
        search = holder.searches[name]
        rows.append(
            {
                "id": name,
                "study": holder.experiments[search.experiment].study,
                "dataset": holder.features[search.features].dataset,
                "active": name in active.searches,
                "search_of": search.experiment,
            }
        )
    return rows


def _print_table(rows: Rows) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("id", overflow="fold", no_wrap=False)
    for title in ("study", "dataset", "active"):
        table.add_column(title)
    for row in rows:
        active = "active" if row["active"] else ""
        what = f"{row['id']}"
        if "search_of" in row:
            what += f" (search of {row['search_of']})"
        table.add_row(what, str(row["study"]), str(row["dataset"]), active)
    Console(highlight=False).print(table)
