"""Tags that say on what a run ran: packages, interpreter, processor, commit."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

PACKAGES = (
    "dvc",
    "great-expectations",
    "keras",
    "mlflow",
    "numpy",
    "pandas",
    "scikit-learn",
    "tensorflow",
)

# What the pipeline writes itself is named by its hashes, and is always on the move
# while it runs: it does not make the code of a run dirty.
_WRITTEN_BY_THE_PIPELINE = ("dvc.lock", "reports", "results")


def environment_tags() -> dict[str, str]:
    """Describe the interpreter, the packages, the processor and the commit."""
    return {
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "cpu.model": _cpu_model(),
        "cpu.threads": str(_cpu_threads()),
        "python": platform.python_version(),
        **{f"package.{name}": _version(name) for name in PACKAGES},
        **git_tags(),
    }


def git_tags() -> dict[str, str]:
    """Name the commit, and whether the working tree differs from it."""
    excluded = [f":(exclude){path}" for path in _WRITTEN_BY_THE_PIPELINE]
    status = subprocess.run(
        ["git", "status", "--porcelain=v2", "--branch", "--", ".", *excluded],
        capture_output=True,
        text=True,
        check=False,
    )
    if status.returncode:
        return {"git.commit": "none", "git.dirty": "true"}
    heads = [line for line in status.stdout.splitlines() if line.startswith("#")]
    commit = next(line.split()[-1] for line in heads if line.startswith("# branch.oid"))
    dirty = len(status.stdout.splitlines()) > len(heads)
    commit = "none" if commit == "(initial)" else commit
    return {"git.commit": commit, "git.dirty": str(dirty).lower()}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cpu_threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
