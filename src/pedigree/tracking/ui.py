"""The MLflow UI, on this machine alone."""

import os
import subprocess
import sys

from pedigree.errors import RefusedError, WrongUseError
from pedigree.tracking.store import ARTIFACTS, is_local, open_client, tracking_uri

HOST = "127.0.0.1"


def serve_ui(port: int = 5000) -> None:
    """Serve the MLflow UI until it is interrupted.

    Args:
        port: The port, on 127.0.0.1.

    Raises:
        WrongUseError: If the store is a server, which has its own UI.
        RefusedError: If the UI cannot start.
    """
    uri = tracking_uri()
    if uri.startswith(("http://", "https://")):
        raise WrongUseError(
            f"the UI is for a store on this machine. Received: {uri}",
            "Open that address in a browser.",
        )
    open_client()  # makes the store, or lets it follow a folder that has moved
    command = [
        *(sys.executable, "-m", "mlflow", "ui"),
        *("--workers", "1", "--host", HOST, "--port", str(port)),
        *("--backend-store-uri", uri),
    ]
    if is_local():
        command += ["--default-artifact-root", str(ARTIFACTS.resolve())]
    # Jobs are for MLflow's language models; their workers cost seconds and memory.
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    try:
        code = subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return
    if code:
        raise RefusedError(
            f"the MLflow UI must start on {HOST}:{port}. Received: exit code {code}",
            "Name a free port with --port.",
        )
