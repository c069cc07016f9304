"""`pedigree profile`: propose a suite from what a dataset holds."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from pedigree.errors import WrongUseError
from pedigree.params.file import read_parameters


def profile_command(
    dataset: Annotated[str, typer.Argument(help="A dataset of params.yaml.")],
    label: Annotated[
        str | None, typer.Option("--label", help="The column to predict.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it there instead of to stdout.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file that is there.")
    ] = False,
) -> None:
    """Propose a suite of expectations from the raw data of a dataset."""
    _require_known(dataset)
    if out is not None and out.exists() and not force:
        raise WrongUseError(
            f"--out must name a file that does not exist yet. Received: {out}",
            "Name another file, or add --force to replace it.",
        )
    from pedigree.data.profile.suite import propose_suite
    from pedigree.data.raw import read_splits

    text = propose_suite(dataset, read_splits(Path("data/raw", dataset)), label)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")


def _require_known(dataset: str) -> None:
    known = read_parameters().datasets
    if dataset not in known:
        close = get_close_matches(dataset, known)
        raise WrongUseError(
            f"DATASET must be one of `datasets` in params.yaml. Received: {dataset!r}",
            f"Close to it: {', '.join(close)}."
            if close
            else f"There are: {', '.join(known) or 'none'}; see docs/expectations.md.",
        )
