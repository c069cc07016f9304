"""The exit codes of `pedigree monitor`: 1 is a threshold's, and nothing else's."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pedigree.cli.app import app
from pedigree.errors import RefusedError
from pedigree.monitoring.monitor import say_drifted

ARGUMENTS = ("monitor", "models:/weather/1", "new.csv")


def refuse(*_: Any) -> None:
    raise RefusedError("a row must be one. Received: none", "Correct it.")


def forbid(*_: Any) -> None:
    pytest.fail("the target is checked before any work is done")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    params = Path("params.yaml").absolute()
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").symlink_to(params)
    monkeypatch.setattr("pedigree.lineage.records.open_records", lambda: None)
    monkeypatch.setattr("pedigree.serving.version.load_version", forbid)
    return tmp_path


def test_what_is_refused_is_no_call_to_train_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pedigree.serving.version.load_version", refuse)
    done = CliRunner().invoke(app, ARGUMENTS)
    assert done.exit_code == 2
    assert done.stderr == "a row must be one. Received: none\nCorrect it.\n"


@pytest.mark.parametrize("page", ["none/page.html", "folder"])
def test_a_page_that_has_no_place(page: str) -> None:
    Path("folder").mkdir()
    done = CliRunner().invoke(app, [*ARGUMENTS, "--html", page])
    assert done.exit_code == 2
    assert f"in a folder that exists. Received: {page}" in done.stderr


def test_one_column_has_and_others_have_drifted() -> None:
    assert say_drifted(0) == "0 columns have drifted"
    assert say_drifted(1) == "1 column has drifted"
