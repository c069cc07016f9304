import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pedigree.errors import RefusedError, WrongUseError
from pedigree.tracking import ui


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("code", [0, 1])
def test_the_ui_listens_on_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(returncode=code)

    monkeypatch.setattr(ui.subprocess, "run", run)
    if code:
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


def test_a_server_has_its_own_ui(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://example.org")
    with pytest.raises(WrongUseError, match=r"Received: https://example\.org"):
        ui.serve_ui(5001)
