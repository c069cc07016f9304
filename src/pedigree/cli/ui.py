"""`pedigree ui`: the MLflow UI on this machine."""

from typing import Annotated

import typer


def ui_command(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 5000,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on; it asks for no password."),
    ] = "127.0.0.1",
) -> None:
    """Open the MLflow UI on 127.0.0.1, with the project's runs and models."""
    from pedigree.tracking.ui import serve_ui

    serve_ui(port, host)
