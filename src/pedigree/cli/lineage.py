"""`pedigree lineage`: what a model descends from, and what descends from data."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigree.errors import RefusedError, WrongUseError

if TYPE_CHECKING:
    from rich.tree import Tree

    from pedigree.lineage.records import Records


def lineage_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODEL_URI|PATH",
            help="models:/NAME@ALIAS, models:/NAME/VERSION, or a path: data/external/x",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write one self-contained page.")
    ] = None,
) -> None:
    """Show the ancestry of a model version, or the versions that a path led to."""
    _require_one_answer(target, as_json, html)
    from pedigree.lineage.records import open_records

    records = open_records()
    if target.startswith("models:"):
        _show_ancestry(records, target, as_json, html)
    else:
        _show_descendants(records, target.rstrip("/"), as_json)


def _require_one_answer(target: str, as_json: bool, html: Path | None) -> None:
    if html is None:
        return
    if as_json:
        raise WrongUseError(
            f"--html must not go with --json. Received: both, for {target}",
            "Ask for one, then for the other.",
        )
    if not target.startswith("models:"):
        raise WrongUseError(
            f"--html must go with a MODEL_URI. Received: {target}",
            "Leave it out, or give models:/NAME/VERSION.",
        )
    if html.is_dir() or not html.parent.is_dir():
        raise WrongUseError(
            f"--html must name a file in a folder that exists. Received: {html}",
            "Make the folder, or name another file.",
        )


def _show_ancestry(
    records: "Records", model_uri: str, as_json: bool, html: Path | None
) -> None:
    from pedigree.lineage.ancestry import read_ancestry

    ancestry = read_ancestry(records, model_uri)
    if html is not None:
        from pedigree.lineage.page import write_page

        write_page(ancestry, html)
        typer.echo(str(html))
    elif as_json:
        from pedigree.lineage.graph import build_graph

        typer.echo(json.dumps(build_graph(ancestry), indent=2, ensure_ascii=False))
    else:
        from pedigree.lineage.tree import build_tree

        _print_tree(build_tree(ancestry))
    if ancestry.gaps:
        raise RefusedError(
            f"the lineage of {ancestry.uri} must reach the source bytes. Received: no "
            f"run that made {', '.join(ancestry.gaps)}",
            "`pedigree sync` makes the runs of what came from a cache.",
        )


def _print_tree(tree: "Tree") -> None:
    from rich.console import Console

    # A file or a pipe has no width to keep to.
    width = None if sys.stdout.isatty() else 10_000
    Console(highlight=False, width=width).print(tree)


def _show_descendants(records: "Records", path: str, as_json: bool) -> None:
    from pedigree.lineage.descendants import find_descendants

    found = find_descendants(records, path)
    if as_json:
        rows = [{"uri": each.uri, **asdict(each)} for each in found]
        typer.echo(json.dumps(rows, indent=2))
        return
    for each in found:
        aliases = "".join(f" @{alias}" for alias in each.aliases)
        typer.echo(f"{each.uri}{aliases}  {each.experiment}  {path} {each.hash}")
    if not found:
        typer.echo(f"No model version descends from {path}.", err=True)
