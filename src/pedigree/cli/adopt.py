"""`pedigree adopt`: the best values of a search become those of its experiment."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pedigree.catalogue.adoption import adopt
from pedigree.cli.tune import active_search
from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE, read_parameters


def adopt_command(
    search_id: Annotated[
        str, typer.Argument(metavar="SEARCH", help="Key of an active search.")
    ],
) -> None:
    """Write the best values of a search into its experiment, in params.yaml."""
    search = active_search(read_parameters(), search_id)
    from pedigree.tracking.dvc_entry import DvcEntry, commit, is_up_to_date

    address = f"tune@{search_id}"
    if not is_up_to_date(DvcEntry(address)):
        raise WrongUseError(
            f"{address} must be up to date. Received: outputs, dependencies or "
            "parameters that differ from dvc.lock",
            f"Run `dvc repro {address}`.",
        )
    best = json.loads(Path("reports/search", search_id, "best.json").read_text("utf-8"))
    adopted = adopt(search.experiment, best["values"])
    for leaf, before, after in adopted:
        typer.echo(f"{leaf}: {json.dumps(before)} -> {json.dumps(after)}")
    if not adopted:
        typer.echo(f"nothing to change: {PARAMS_FILE} has the values already")
        return
    # What the experiment has for the leaves of the space, no trial reads: DVC, which
    # cannot know, would run the search again.
    commit(address)
