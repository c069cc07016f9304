"""Arguments that several commands take."""

from typing import Annotated

import typer

ModelUri = Annotated[
    str, typer.Argument(help="models:/NAME@ALIAS or models:/NAME/VERSION")
]
