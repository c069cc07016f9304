"""Building a model version again from its source bytes, in a worktree of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from pedigree.errors import RefusedError, WrongUseError
from pedigree.lineage.ancestry import Ancestry, Execution
from pedigree.lineage.storage import Storage
from pedigree.tracking.environment import environment_tags

# Where params.yaml keeps what a stage gets as the last argument of its command.
_LAST_ARGUMENT = {
    "validate": ("datasets", "expectations"),
    "preprocess": ("features", "dataset"),
    "train": ("experiments", "features"),
}


def rebuild(ancestry: Ancestry) -> Iterator[tuple[Execution, float]]:
    """Run every stage that a model version descends from, from its recorded inputs.

    The code is that of the commit of the training, the parameters those that the runs
    record; the source bytes are taken from the workspace or from DVC's cache, or
    fetched. No output of an earlier execution is used, and none is touched.

    Args:
        ancestry: The ancestry of the version.

    Yields:
        Each execution when its outputs have come out as recorded, with the seconds
        that it took.

    Raises:
        WrongUseError: If the commit is not known or not there, or does not hold the
            code that ran, or a run is missing.
        RefusedError: If a stage fails, or writes other bytes.
    """
    from dvc.repo import Repo

    commit = _require_commit(ancestry)
    with Repo() as repo, _worktree(commit) as folder:
        storage = Storage(repo)
        _require_code(ancestry, commit, storage)
        _write_parameters(ancestry, folder / "params.yaml")
        present = _place_sources(ancestry, storage, folder)
        for execution in ancestry.from_the_source:
            if not execution.outputs.keys() <= present:
                seconds = _run(execution, folder)
                _require_outputs(execution, storage, folder)
                yield execution, seconds


def other_packages(ancestry: Ancestry) -> dict[str, tuple[str, str]]:
    """Compare the environment of the training with the present one.

    Returns:
        What it was and what it is, by name, where they differ.
    """
    now = environment_tags()
    return {
        name: (value, now[name])
        for name, value in ancestry.training.environment.items()
        if name in now and now[name] != value
    }


def _require_commit(ancestry: Ancestry) -> str:
    if ancestry.gaps:
        path = next(iter(ancestry.gaps))
        raise WrongUseError(
            f"every ancestor of {ancestry.uri} must have a run. Received: none that "
            f"made {path}",
            "`pedigree sync` makes the runs of what came from a cache.",
        )
    commit = ancestry.training.commit
    known = commit is not None and _git("cat-file", "-e", f"{commit}^{{commit}}")
    if commit is None or known is None:
        raise WrongUseError(
            f"the commit that {ancestry.uri} was trained on must be in this repository."
            f" Received: {commit or 'a training outside of any commit'}",
            "`git fetch` brings commits; commit before training to know them.",
        )
    return commit


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    """Check a commit out into a temporary worktree."""
    with TemporaryDirectory(prefix="pedigree-rebuild-") as parent:
        folder = Path(parent, "worktree")
        if _git("worktree", "add", "--detach", str(folder), commit) is None:
            raise WrongUseError(
                f"git must be able to add a worktree. Received: none for {commit}",
                "Try `git worktree add --detach` by hand.",
            )
        try:
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _require_code(ancestry: Ancestry, commit: str, storage: Storage) -> None:
    """Refuse to rebuild with other code than the one that ran."""
    paths = {path for execution in ancestry.executions for path in execution.code}
    committed = storage.hashes_in_commit(paths, commit)
    for execution in ancestry.executions:
        for path, value in execution.code.items():
            if committed.get(path) != value:
                raise RefusedError(
                    f"the commit {commit[:10]} must hold the code that "
                    f"{execution.address} ran. Received: another {path}",
                    "It was not committed: commit the code, and train again.",
                )


def _write_parameters(ancestry: Ancestry, path: Path) -> None:
    """Write what the executions read, and no other parameter."""
    content: dict[str, Any] = {}
    for execution in ancestry.executions:
        stage, _, key = execution.address.partition("@")
        for dotted, value in execution.parameters.get("params.yaml", {}).items():
            _put(content, dotted.split("."), value)
        if stage in _LAST_ARGUMENT:
            section, name = _LAST_ARGUMENT[stage]
            _put(content, [section, key, name], execution.command.split()[-1])
        if stage == "train":
            _put(content, ["experiments", key, "study"], "rebuild")
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(content, file)


def _put(content: dict[str, Any], keys: list[str], value: Any) -> None:
    *parents, last = keys
    for parent in parents:
        content = content.setdefault(parent, {})
    content[last] = value


def _place_sources(ancestry: Ancestry, storage: Storage, folder: Path) -> set[str]:
    """Copy the source bytes into the worktree, where this machine still has them.

    Returns:
        The folders that were copied; the others are to be fetched.
    """
    present = set()
    for execution in ancestry.executions:
        for path, value in execution.data.items():
            if not path.startswith("data/external/") or path in present:
                continue
            if _copy(storage, path, value, folder / path):
                present.add(path)
            elif ancestry.maker(path, value) is None:
                raise WrongUseError(
                    f"{path} must hold what {execution.address} read. Received: "
                    "other files, which nobody can fetch again",
                    "Put the original files back.",
                )
    return present


def _copy(storage: Storage, path: str, value: str, target: Path) -> bool:
    if storage.fault_in_workspace(path, value) is None:
        shutil.copytree(path, target)
    elif storage.is_cached(value) and storage.fault_in_cache(path, value) is None:
        storage.copy_from_cache(value, target)
    else:
        return False
    return True


def _run(execution: Execution, folder: Path) -> float:
    """Run the command of an execution in the worktree, with the code that is there."""
    import time

    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "src"),
        "PYTHONSAFEPATH": "1",
        "MLFLOW_TRACKING_URI": "",
    }
    started = time.perf_counter()
    done = subprocess.run(
        execution.command.split(),
        cwd=folder,
        env=environment,
        stdout=sys.stderr,  # the epochs of a training, for those who wait
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-3:]
        raise RefusedError(
            f"{execution.address} must run again. Received: exit code "
            f"{done.returncode}: {' '.join(said)}",
            "Compare the packages with those that `pedigree lineage` shows.",
        )
    return time.perf_counter() - started


def _require_outputs(execution: Execution, storage: Storage, folder: Path) -> None:
    for path, value in execution.outputs.items():
        fault = storage.fault_in_workspace(str(folder / path), value)
        if fault:
            raise RefusedError(
                f"{execution.address} must write the same bytes again. Received: "
                f"{fault.replace(f'{folder}/', '')}",
                "Compare the packages and the processor with those that `pedigree "
                "lineage` shows.",
            )


def _git(*arguments: str) -> str | None:
    """Run git; None if it fails."""
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None
