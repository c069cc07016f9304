"""`pedigree list`: what can be activated, and what is active."""

import json
from collections.abc import Sequence
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
        experiments = [row for row in rows if "search_of" not in row]
        searches = [row for row in rows if "search_of" in row]
        _print_table(experiments, ("id", "study", "dataset", "active"))
        if searches:
            _print_table(searches, ("id", "search_of", "active"))


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


def _print_table(rows: Rows, columns: Sequence[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        shown = {**row, "active": "active" if row["active"] else ""}
        table.add_row(*(str(shown[name]) for name in columns))
    Console(highlight=False).print(table)
