import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pedigree.errors import RefusedError, WrongUseError
from pedigree.tracking import ui


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("ends", [True, False])
def test_the_ui_listens_on_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    commands: list[list[str]] = []

    def serve(command: list[str], environment: Mapping[str, str]) -> None:
        assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
        commands.append(command)
        if not ends:
            raise KeyboardInterrupt

    monkeypatch.setattr(ui, "_serve", serve)
    if ends:
        with pytest.raises(RefusedError, match=r"must start on 127\.0\.0\.1:5001"):
            ui.serve_ui(5001)
    else:
        ui.serve_ui(5001)
    (command,) = commands
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    host = command.index("--host")
    assert command[host : host + 4] == ["--host", "127.0.0.1", "--port", "5001"]
    database = Path("mlruns/mlflow.db").resolve()
    assert f"sqlite:///{database}" in command


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", "http://127.0.0.1:5001; this machine alone can reach it"),
        ("::1", "http://[::1]:5001; this machine alone"),
        ("0.0.0.0", "http://0.0.0.0:5001; WHOEVER REACHES THIS MACHINE"),
    ],
)
def test_it_says_who_can_reach_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, host: str, said: str
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(ui, "_serve", lambda command, _: commands.append(command))
    with pytest.raises(RefusedError):
        ui.serve_ui(5001, host)
    assert said in capsys.readouterr().err
    assert commands[0][commands[0].index("--host") + 1] == host


def test_a_server_has_its_own_ui(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://example.org")
    with pytest.raises(WrongUseError, match=r"Received: https://example\.org"):
        ui.serve_ui(5001)


# A server that starts another, as MLflow starts uvicorn, and heeds no signal itself.
SERVER = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: None)
code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
subprocess.run([sys.executable, "-c", code])
"""
SERVE = f"""
import signal, sys
from pedigree.tracking import ui
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)  # whatever is ignored where the tests run
ui.open_client = lambda: None
ui.SECONDS_TO_END = 0.2
serve = ui._serve
ui._serve = lambda *_: serve([sys.executable, "-c", {SERVER!r}], {{}})
ui.serve_ui()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_process_is_left_behind(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        started = int(process.stdout.readline())
        process.send_signal(number)
        # The pipe ends when nobody is left who could write to it.
        assert process.communicate(timeout=20)[0] == ""
    assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(started, 0)
