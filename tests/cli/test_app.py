"""What all commands have in common."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from command_line import HEAVY, imported, run, two_lines
from pedigree.errors import PedigreeError, WrongUseError


def test_the_ui_is_served_on_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []

    def serve(port: int, *_: object) -> None:
        ports.append(port)

    module = SimpleNamespace(serve_ui=serve)
    monkeypatch.setitem(sys.modules, "pedigree.tracking.ui", module)
    assert run("ui", "--port", "5001").exit_code == 0
    assert run("ui").exit_code == 0
    assert ports == [5001, 5000]


class TestErrors:
    @pytest.mark.parametrize(
        "arguments", [["nonsense"], ["affected"], ["list", "--no"], ["ui", "--port=0"]]
    )
    def test_wrong_usage(self, arguments: list[str]) -> None:
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Usage: " in result.stderr

    @pytest.mark.parametrize(
        "arguments",
        [["list"], ["check"], ["affected", "a"], ["summary", "a"], ["activate", "a"]],
    )
    def test_outside_of_a_project(
        self,
        arguments: list[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        rule, remedy = two_lines(run(*arguments))
        assert "must exist" in rule
        assert "root of the project" in remedy
        assert list(tmp_path.iterdir()) == []

    def test_debug_shows_the_traceback(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        result = run("--debug", "list")
        assert isinstance(result.exception, WrongUseError)

    def test_the_exit_code_is_the_error_s(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class NoError(PedigreeError):
            exit_code = 1

        def refuse(*_: object) -> None:
            raise NoError("must. Received: not", "Do.")

        monkeypatch.setattr("pedigree.cli.list.read_catalogue", refuse)
        assert two_lines(run("list"), exit_code=1) == ("must. Received: not", "Do.")

    def test_a_file_that_cannot_be_written(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = (project / "params.yaml").read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pathlib.Path.write_bytes", full)
        rule, _ = two_lines(run("activate", "weather_mlp"))
        assert "No space left" in rule
        assert (project / "params.yaml").read_bytes() == before
        assert [path.name for path in project.glob(".params*")] == []

    def test_help_names_every_command(self) -> None:
        result = run("--help")
        for command in ("list", "activate", "deactivate", "check", "affected"):
            assert command in result.stdout


@pytest.mark.parametrize(
    "arguments", [["list"], ["check"], ["affected", "features"], ["activate", "--all"]]
)
def test_quick_commands_import_nothing_heavy(
    project: Path, arguments: list[str]
) -> None:
    assert imported(project, arguments) & {*HEAVY, "keras", "jax", "sklearn"} == set()


def test_the_console_script_runs() -> None:
    script = Path(sys.executable).with_name("pedigree")
    finished = subprocess.run(
        [script, "--help"], capture_output=True, text=True, check=True
    )
    assert "activate" in finished.stdout
