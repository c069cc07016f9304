"""`pedigree affected`: what a change of a parameter runs again."""

import json
from typing import Annotated

import typer

from pedigree.pipeline import Pipeline, change_leaves


def affected_command(
    key: Annotated[
        str,
        typer.Argument(
            help="A leaf or a section, e.g. experiments.digits_convnet.train"
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the stages that run again when a key of params.yaml changes."""
    pipeline = Pipeline()
    stages = pipeline.affected(change_leaves(pipeline.parameters, key))
    if as_json:
        typer.echo(json.dumps(stages, indent=2))
    else:
        for stage in stages:
            typer.echo(stage)
