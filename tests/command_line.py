"""Commands as a test runs them, and what they answer."""

import json
import subprocess
import sys
from pathlib import Path

# DVC's log keeps the stream of its first import: not the one that a runner closes.
import dvc.logger  # noqa: F401
from typer.testing import CliRunner, Result

from pedigree.cli.app import app

# Imports of these cost seconds, and no command but `ui` needs them.
HEAVY = ("tensorflow", "mlflow", "great_expectations")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def two_lines(result: Result, exit_code: int = 2) -> tuple[str, str]:
    assert result.exit_code == exit_code
    assert result.stdout == ""
    rule, remedy = result.stderr.splitlines()
    assert "Received: " in rule
    return rule, remedy


def listed(*arguments: str) -> dict[str, dict[str, object]]:
    result = run("list", "--json", *arguments)
    assert result.exit_code == 0
    return {row["id"]: row for row in json.loads(result.stdout)}


def python(project: Path, program: str) -> str:
    """Run a program in a process of its own: the backend of Keras is chosen once."""
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def imported(project: Path, arguments: list[str]) -> set[str]:
    """Run a command that succeeds, and name the modules that it imported."""
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from pedigree.cli.app import app\n"
        f"result = CliRunner().invoke(app, {arguments!r})\n"
        "assert result.exit_code == 0, result.output\n"
        "print(*sys.modules)\n"
    )
    return set(python(project, program).split())
