"""Clones of the project in which a test runs `dvc repro`."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]

# What a caller may have set that a stage would read.
_UNSET = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "KERAS_BACKEND", "PYTHONHASHSEED")


class Clone:
    """A clone of the project, in which commands are run.

    Args:
        folder: Where it is.
        environment: Variables of whoever works in it, beside those of this process.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        inherited = {k: v for k, v in os.environ.items() if k not in _UNSET}
        self.environment = inherited | {"PATH": path, "PYTHONPATH": str(folder / "src")}
        self.environment |= environment

    def copy(self, folder: Path) -> "Clone":
        """Copy all of it to another place, caches and the MLflow store included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Clone(folder)

    def make(self, experiments: dict[str, Any]) -> None:
        """Copy the project, without results, into a git repository of its own.

        Args:
            experiments: The section `experiments`; downloads, datasets and features
                are those of the default set.
        """
        copy_project(self.folder)
        self._write_parameters(experiments)
        self.run("git", "init", "--quiet")
        self.commit("test")

    def commit(self, message: str) -> None:
        """Commit all that git does not ignore."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        self.run("git", "add", "--all")
        self.run("git", *identity, "commit", "--quiet", "--message", message)

    def change(self, *keys: str, value: object) -> None:
        """Change one leaf of params.yaml."""
        yaml = YAML()
        document = yaml.load(self.folder / "params.yaml")
        section = document
        for key in keys[:-1]:
            section = section[key]
        section[keys[-1]] = value
        with (self.folder / "params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(document, file)

    def repro(self, *arguments: str, **environment: str) -> list[str]:
        """Run `dvc repro` and return the stages that ran."""
        done = self.attempt("dvc", "repro", *arguments, **environment)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return stages_run(done.stdout)

    def attempt(
        self, *command: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *command: str) -> str:
        """Run a command that has to succeed, and return what it printed."""
        return self.wait(self.start(*command))

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command, in a process group of its own."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @staticmethod
    def wait(process: subprocess.Popen[str]) -> str:
        """Wait for a command that has to succeed, and return what it printed."""
        output, _ = process.communicate()
        assert process.returncode == 0, output[-5000:]
        return output

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    @property
    def experiments(self) -> list[str]:
        return list(YAML().load(self.folder / "params.yaml")["experiments"])

    @property
    def last_stages(self) -> list[str]:
        """What needs all that the experiments need, and no dataset beside."""
        return [f"register@{name}" for name in self.experiments]

    def outputs(self) -> dict[str, bytes]:
        """The bytes of every output that dvc.lock records."""
        lock = YAML().load(self.folder / "dvc.lock")
        recorded = [
            self.folder / out["path"]
            for stage in lock["stages"].values()
            for out in stage["outs"]
        ]
        files = [file for out in recorded for file in (out, *out.rglob("*"))]
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in files
            if file.is_file()
        }

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the MLflow store, without MLflow."""
        with closing(sqlite3.connect(self.folder / "mlruns/mlflow.db")) as store:
            return store.execute(query).fetchall()

    def _write_parameters(self, experiments: dict[str, Any]) -> None:
        yaml = YAML()
        document = yaml.load(self.folder / "params.yaml")
        document["experiments"] = experiments
        with (self.folder / "params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(document, file)


def stages_run(output: str) -> list[str]:
    """The stages that `dvc repro` says it runs."""
    return re.findall(r"^Running stage '(.*)'", output, re.MULTILINE)


def copy_project(target: Path) -> None:
    """Copy what git tracks or would track, less the results."""
    for name in project_files():
        if not name.startswith(("reports/", "dvc.lock")):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def project_files() -> list[str]:
    """What git tracks or would track, by path in the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
