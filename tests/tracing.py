"""Projects whose stages are traced: what each opens, and what it may open."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pedigree.pipeline import Pipeline

# Files and folders that a stage may open, beside its dependencies and outputs.
EXEMPT = {
    "params.yaml": "read section by section; the values of the sections are tracked",
    "dvc.yaml": "asked of DVC for the lineage of the run, which goes to MLflow",
    "dvc.lock": "asked of DVC, likewise",
    ".dvc/config": "DVC's own configuration",
    ".dvc/.gitignore": "DVC asks which files it may ignore",
    ".dvc/tmp": "DVC's own state",
    ".dvcignore": "DVC asks which files it may ignore",
    ".gitignore": "likewise",
    ".git/config": "DVC asks whether the project is in git",
    ".git/info": "likewise",
    "mlruns": "the MLflow store: written, and asked for runs to write to",
    "reports/data": "Data Docs, pages for people; they go to MLflow",
    ".pedigree": "checkpoints, in a folder named by the hash of all inputs",
}

# And those of one stage.
EXEMPT_IN = {
    "register": {
        "src": "MLflow copies the package beside the model",
        "data": "ancestors from a cache get their runs in MLflow, by what they wrote",
    }
}

HOOK = """
import os, sys

project = os.environ["TRACED_PROJECT"] + os.sep
log = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def record(event, arguments):
    if event not in ("open", "os.listdir", "os.scandir"):
        return
    path = arguments[0]
    if not isinstance(path, str | bytes | os.PathLike):
        return  # a descriptor, which was opened before
    path = os.fsdecode(path)
    if event == "open" and arguments[1] is None and not os.path.isabs(path):
        return  # os.open in a folder that the event does not name
    path = os.path.abspath(path)
    if path.startswith(project):
        os.write(log, f"{path}\\n".encode())

sys.addaudithook(record)
"""

STRACE = "strace -f -y -qq --seccomp-bpf -e trace=open,openat,openat2,creat,execve"

OPENED = re.compile(r" = \d+<(/[^>]*)>$")


@cache
def has_strace() -> bool:
    """Whether strace is here and may trace, which containers forbid at times."""
    probe = [*STRACE.split(), "-o", os.devnull, "true"]
    return bool(shutil.which("strace")) and not subprocess.run(probe).returncode


class Trace(NamedTuple):
    """What a stage did with what was there before it ran.

    Attributes:
        opened: The files and folders it opened, by tracer.
        made: The files that it wrote and left behind.
    """

    opened: dict[str, set[str]]
    made: set[str]


class Project:
    """A copy of some files of a project.

    Args:
        folder: An empty folder.
        root: The project.
        paths: The files.
    """

    def __init__(self, folder: Path, root: Path, paths: Iterable[str]) -> None:
        self.folder, self.logs = folder / "project", folder / "logs"
        for path in paths:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / path, self.folder / path)
        git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]
        for arguments in (["init"], ["add", "--all"], ["commit", "--message=test"]):
            command = [*git, *arguments]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        self.logs.mkdir()
        (self.logs / "sitecustomize.py").write_text(HOOK)

    @property
    def stages(self) -> dict[str, Any]:
        return Pipeline(self.folder).stages

    def trace(self, address: str) -> Trace:
        """Run a stage as DVC does: its outputs are gone, and its inputs are hashed."""
        stage = self.stages[address]
        for path in stage.outputs:
            shutil.rmtree(self.folder / path, ignore_errors=True)
            (self.folder / path).unlink(missing_ok=True)
        self.hash_dependencies(address)
        before = self.paths()
        for log in self.logs.glob("*.log"):
            log.unlink()
        strace = [*STRACE.split(), "-o", str(self.logs / "strace.log")]
        self.run(address, *(strace if has_strace() else ()))
        opened = {
            name: self.relative(read(self.logs / f"{name}.log")) & before
            for name, read in {"audit": by_audit, "strace": by_strace}.items()
        }
        return Trace(opened, self.paths() - before)

    def run(self, address: str, *tracer: str) -> None:
        python = [sys.executable, *self.stages[address].command.split()[1:]]
        done = subprocess.run(
            [*tracer, *python],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def outputs(self, address: str) -> dict[str, bytes]:
        """The bytes of all outputs of a stage, by path."""
        stage = self.stages[address]
        paths = [path for path in self.paths() if is_in(path, stage.outputs)]
        files = [path for path in paths if (self.folder / path).is_file()]
        return {path: (self.folder / path).read_bytes() for path in files}

    def hash_dependencies(self, address: str) -> None:
        """DVC remembers hashes: what is opened later on is opened by the stage."""
        from dvc.repo import Repo

        with chdir(self.folder), Repo() as repo:
            repo.stage.load_one("dvc.yaml", address).save_deps()

    def commit(self, addresses: Iterable[str]) -> None:
        """Let DVC record what stages have written."""
        from dvc.repo import Repo

        with chdir(self.folder), Repo() as repo:
            for address in addresses:
                repo.commit(address, force=True)

    def environment(self) -> dict[str, str]:
        unset = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "KERAS_BACKEND")
        return {name: v for name, v in os.environ.items() if name not in unset} | {
            "PYTHONPATH": os.pathsep.join([str(self.logs), str(self.folder / "src")]),
            # Without compiled modules beside them, the modules themselves are opened.
            "PYTHONDONTWRITEBYTECODE": "1",
            "TRACED_PROJECT": str(self.folder),
            "AUDIT_LOG": str(self.logs / "audit.log"),
            "PEDIGREE_MIRROR": str(self.folder.parent / "mirror"),
        }

    def paths(self) -> set[str]:
        return self.relative(map(str, self.folder.rglob("*")))

    def relative(self, paths: Iterable[str]) -> set[str]:
        start = f"{self.folder}/"
        return {p.removeprefix(start) for p in paths if p.startswith(start)}


def by_audit(log: Path) -> set[str]:
    return set(log.read_text("utf-8").splitlines())


def by_strace(log: Path) -> set[str]:
    """What was opened, but by git: it compares files with a commit, for MLflow."""
    if not log.exists():
        return set()
    git, opened = set(), set()
    for line in log.read_text("utf-8", errors="replace").splitlines():
        process, _, call = line.partition(" ")
        if re.search(r'execve\("[^"]*/git"', call):
            git.add(process)
        elif process not in git and (found := OPENED.search(call)):
            opened.add(found[1])
    return opened


def is_in(path: str, folders: Iterable[str]) -> bool:
    return any(f"{path}/".startswith(f"{folder}/") for folder in folders)


class Traced(NamedTuple):
    """A project whose stages have all run, each traced."""

    project: Project
    traces: dict[str, Trace]
    exemptions: Iterable[Any]

    def undeclared(self, address: str, paths: Iterable[str]) -> set[str]:
        """Those of some paths that a stage has no business with."""
        stage, script = self.project.stages[address], address.partition("@")[0]
        allowed = [
            *(stage.dependencies | stage.outputs),
            *EXEMPT,
            *EXEMPT_IN.get(script, ()),
            *self.exempt_code(script),
        ]
        return {
            path
            for path in paths
            if not is_in(path, allowed) and not self.is_package(path)
        }

    def is_package(self, path: str) -> bool:
        """Python lists the packages it imports from; `__init__.py` holds no code."""
        package = path.removesuffix("/__init__.py")
        return is_in(package, ["src"]) and (self.project.folder / package).is_dir()

    def exempt_code(self, script: str) -> Iterator[str]:
        """The modules and packages that cannot change what a stage writes."""
        for each in self.exemptions:
            if each.stage in (script, "every stage"):
                path = f"src/{each.module.replace('.', '/')}"
                yield from (path, f"{path}.py")

    def alone(self, address: str, folder: Path) -> Project:
        """Copy what a stage may open, and nothing else."""
        root, outputs = self.project.folder, self.project.stages[address].outputs
        files = {path for path in self.project.paths() if (root / path).is_file()}
        needed = {path for path in files if not is_in(path, [*outputs, ".git"])}
        undeclared = self.undeclared(address, needed)
        training = self.project.stages.get(f"train@{address.partition('@')[2]}")
        if training:  # its run is looked up in MLflow, by what `dvc.lock` says it wrote
            undeclared -= {path for path in needed if is_in(path, training.outputs)}
        alone = Project(folder, root, needed - undeclared)
        (folder / "mirror").symlink_to(root.parent / "mirror")
        return alone

    def unopened(self, address: str, opened: set[str]) -> set[str]:
        """The data that a stage depends on and has not opened."""
        return {
            path
            for path in self.project.stages[address].dependencies
            if not path.startswith("src/")
            and not any(is_in(each, [path]) for each in opened)
        }
