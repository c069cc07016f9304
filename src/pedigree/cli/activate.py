"""`pedigree activate` and `deactivate`: what this checkout runs."""

from typing import Annotated

import typer

from pedigree.catalogue.activation import Entries, activate, deactivate
from pedigree.catalogue.read import Catalogue, read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE, read_parameters

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID...", help="Ids of experiments or searches."),
]
StudyOption = Annotated[
    str | None,
    typer.Option("--study", help="All experiments and searches of this study."),
]
AllOption = Annotated[
    bool, typer.Option("--all", help="All experiments and searches of the catalogue.")
]


def activate_command(
    ids: Ids = None, study: StudyOption = None, every: AllOption = False
) -> None:
    """Copy experiments or searches, with what they need, from the catalogue."""
    catalogue = read_catalogue()
    _require_one_choice(ids, study, every)
    change = activate(catalogue, catalogue.select(ids or (), study, every))
    _print_entries("added to", change.entries, "nothing to add: all active already")
    _print_entries("left as it is (it differs from the catalogue) in", change.kept)


def deactivate_command(
    ids: Ids = None, study: StudyOption = None, every: AllOption = False
) -> None:
    """Take experiments or searches, and what nobody else needs, out of params.yaml."""
    catalogue = read_catalogue()
    _require_one_choice(ids, study, every)
    _require_in_catalogue(ids or [], catalogue)
    change = deactivate(catalogue, catalogue.select(ids or (), study, every))
    _print_entries("taken out of", change.entries, "nothing to take out: not active")


def _require_one_choice(ids: list[str] | None, study: str | None, every: bool) -> None:
    given = [
        name
        for name, value in (("ID...", ids), ("--study", study), ("--all", every))
        if value
    ]
    if len(given) != 1:
        raise WrongUseError(
            f"exactly one of ID..., --study and --all must be given. Received: "
            f"{' and '.join(given) or 'none of them'}",
            "`pedigree list` shows the ids and the studies.",
        )


def _require_in_catalogue(ids: list[str], catalogue: Catalogue) -> None:
    active, known = read_parameters(), catalogue.parameters
    own = active.experiments.keys() - known.experiments.keys()
    own |= active.searches.keys() - known.searches.keys()
    for name in ids:
        if name in own:
            raise WrongUseError(
                "an entry must be in the catalogue to be deactivated: it could "
                f"not be activated again. Received: {name!r}",
                f"Copy it into the catalogue first, or delete it in {PARAMS_FILE}.",
            )


def _print_entries(verb: str, entries: Entries, otherwise: str = "") -> None:
    lines = [
        f"{verb} {section}: {', '.join(names)}"
        for section, names in entries.items()
        if names
    ]
    for line in lines or [otherwise]:
        if line:
            typer.echo(line)
