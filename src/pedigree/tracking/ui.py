"""The MLflow UI, on this machine alone unless told otherwise."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

from pedigree.errors import RefusedError, WrongUseError
from pedigree.tracking.secrets import redact
from pedigree.tracking.store import ARTIFACTS, is_local, open_client, tracking_uri

LOCALHOST = "127.0.0.1"
SECONDS_TO_END = 10.0


def serve_ui(port: int = 5000, host: str = LOCALHOST) -> None:
    """Serve the MLflow UI until it is interrupted; say where, and for whom.

    Args:
        port: The port.
        host: The address to listen on. The UI asks nobody for a password.

    Raises:
        WrongUseError: If the store is a server, which has its own UI.
        RefusedError: If the UI cannot start.
    """
    uri = tracking_uri()
    if uri.startswith(("http://", "https://")):
        raise WrongUseError(
            f"the UI is for a store on this machine. Received: {redact(uri)}",
            "Open that address in a browser.",
        )
    open_client()  # makes the store, or lets it follow a folder that has moved
    command = [
        *(sys.executable, "-m", "mlflow", "ui"),
        *("--workers", "1", "--host", host, "--port", str(port)),
        *("--backend-store-uri", uri),
    ]
    if is_local():
        command += ["--default-artifact-root", str(ARTIFACTS.resolve())]
    # Jobs are for MLflow's language models; their workers cost seconds and memory.
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    sys.stderr.write(f"{_reach(host, port)}\n")
    try:
        with _interruptible():
            _serve(command, environment)
    except KeyboardInterrupt:
        return
    # MLflow ends with the exit code 0 even where the port is taken.
    raise RefusedError(
        f"the MLflow UI must start on {host}:{port}. Received: it ended, see above",
        "Name a free port with --port.",
    )


def _reach(host: str, port: int) -> str:
    """Say where the UI is, and who can use it."""
    if host == "localhost" or host == "::1" or host.startswith("127."):
        who = "this machine alone can reach it"
    else:
        who = (
            "WHOEVER REACHES THIS MACHINE CAN READ, CHANGE AND DELETE EVERYTHING: it "
            "asks for no password"
        )
    shown = f"[{host}]" if ":" in host else host
    return f"The MLflow UI is at http://{shown}:{port}; {who}."


def _serve(command: list[str], environment: Mapping[str, str]) -> None:
    """Run a server that starts others; none of them is left when this returns."""
    with subprocess.Popen(command, env=environment, start_new_session=True) as server:
        try:
            server.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                server.wait(SECONDS_TO_END)
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let every signal that ends a process raise KeyboardInterrupt, once."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # What is ignored stays so: `nohup` asks for it.
    heeded = {
        number: handler
        for number in numbers
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for each in heeded:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in heeded:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)
