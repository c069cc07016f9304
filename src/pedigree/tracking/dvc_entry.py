"""The `dvc.lock` entry of one stage, as DVC itself would write it."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.errors import WrongUseError

if TYPE_CHECKING:
    from dvc.repo import Repo

PIPELINE_FILE = "dvc.yaml"


class DvcEntry:
    """What DVC knows about a stage, asked from inside the stage or beside it.

    The lock of the repository is never taken: `dvc repro` may hold it. Only the
    stage that is asked for is resolved.

    Args:
        address: The stage, e.g. `train@digits_convnet`.
        file: What `open_pipeline_file` has returned, where several entries are asked
            for: parsing the files of DVC is what takes the time.

    Attributes:
        address: The stage.
        file: DVC's `dvc.yaml` and `dvc.lock`, as they were when it was opened.
        repo: DVC's repository.
        stage: DVC's stage.

    Raises:
        WrongUseError: If there is no such stage.
    """

    def __init__(self, address: str, file: Any = None) -> None:
        from dvc.exceptions import DvcException
        from dvc.stage.loader import StageLoader

        self.address = address
        try:
            self.file = file or open_pipeline_file()
            # Without `dvc.lock`: it takes long to parse where there are many stages,
            # and says nothing about the execution that begins.
            self.stage = StageLoader(self.file, self.file.contents)[address]
        except DvcException as error:
            raise WrongUseError(
                f"{address} must be a stage of {PIPELINE_FILE}. "
                f"Received: {_one_line(error)}",
                "`dvc stage list` shows the stages; run it in the root of the project.",
            ) from error
        self.repo = self.file.repo

    @cached_property
    def entry(self) -> dict[str, Any]:
        """The lock entry for the files and parameters of now, without outputs.

        Raises:
            WrongUseError: If a dependency or a parameter is missing.
        """
        from dvc.exceptions import DvcException
        from dvc.stage.serialize import to_single_stage_lockfile

        try:
            self.stage.save_deps()
        except DvcException as error:
            raise WrongUseError(
                f"{self.address} must have what it depends on. "
                f"Received: {_one_line(error)}",
                f"`dvc repro {self.address}` makes what other stages can make.",
            ) from error
        entry = to_single_stage_lockfile(self.stage)
        return {
            part: entry[part] for part in ("cmd", "deps", "params") if part in entry
        }

    @cached_property
    def key(self) -> str:
        """The identity of this execution, see `key_of`."""
        return key_of(self.entry)

    def parameter(self, dotted: str) -> Any:
        """Look up a parameter that no stage reads, without parsing the file again.

        Args:
            dotted: Where it stands, e.g. `experiments.digits_convnet.study`.
        """
        return self.file.resolver.context.select(dotted, unwrap=True)

    def outputs(self) -> dict[str, str]:
        """Hash the present outputs.

        Raises:
            WrongUseError: If the stage has not made one of them.
        """
        from dvc.exceptions import DvcException

        result = {}
        for out in self.stage.outs:
            try:
                result[out.def_path] = str(out.get_hash().value)
            except (DvcException, OSError) as error:
                cause = _one_line(error)
                raise WrongUseError(
                    f"{self.address} must write {out.def_path}. Received: {cause}",
                    f"Write it, or take it out of {PIPELINE_FILE}.",
                ) from error
        return result

    @property
    def lock_entry(self) -> dict[str, Any] | None:
        """What `dvc.lock` holds about the last execution that succeeded."""
        return self.lock.get(self.address)

    @property
    def lock(self) -> dict[str, dict[str, Any]]:
        """What `dvc.lock` holds about each stage, by its address."""
        return dict(self.file.lockfile_contents.get("stages", {}))


def is_up_to_date(stage: DvcEntry) -> bool:
    """Tell whether `dvc repro` would leave a stage alone, as far as it can know."""
    locked = stage.lock_entry
    if locked is None:
        return False
    try:
        return (
            key_of(locked) == stage.key
            and hashes(locked.get("outs", ())) == stage.outputs()
        )
    except WrongUseError:
        return False  # something is missing


def commit(address: str) -> None:
    """Let `dvc.lock` say that the outputs of a stage come of the present inputs.

    Raises:
        WrongUseError: If DVC cannot, for instance because it runs something.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            repo.commit(address, force=True)
    except DvcException as error:
        raise WrongUseError(
            f"dvc must be able to commit {address}. Received: {_one_line(error)}",
            f"Run `dvc commit --force {address}`.",
        ) from error


def read_lock(repo: "Repo") -> dict[str, dict[str, Any]]:
    """Read what `dvc.lock` holds about each stage, by its address."""
    from dvc.dvcfile import load_file

    file = load_file(repo, str(Path(repo.root_dir, PIPELINE_FILE)))
    return dict(file.lockfile_contents.get("stages", {}))


def open_pipeline_file() -> Any:
    """Open DVC's repository and `dvc.yaml` in it, for several entries.

    Raises:
        WrongUseError: If the working folder is in no repository of DVC.
    """
    from dvc.dvcfile import load_file
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        return load_file(Repo(), str(Path(PIPELINE_FILE).absolute()))
    except DvcException as error:
        raise WrongUseError(
            f"the working folder must be in a project of DVC. "
            f"Received: {_one_line(error)}",
            "Run the command in the root of the project.",
        ) from error


def key_of(entry: Mapping[str, Any]) -> str:
    """Name an execution by what shaped it: command, dependencies and parameters.

    Args:
        entry: A lock entry, of `dvc.lock` or of a stage that runs, or its identity.

    Returns:
        The sha256 of the canonical JSON of its identity, in hexadecimal digits.
    """
    text = json.dumps(identity_of(entry), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def identity_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Take out of a lock entry what shapes the outputs.

    The outputs themselves, and what else DVC notes about a file than path and hash,
    do not count.

    Returns:
        `cmd`, `deps` (hash by path) and `params` (values by file and key).
    """
    dependencies = entry.get("deps", ())
    if not isinstance(dependencies, Mapping):
        dependencies = hashes(dependencies)
    return {
        "cmd": entry["cmd"],
        "deps": dict(dependencies),
        "params": entry.get("params", {}),
    }


def hashes(files: Any) -> dict[str, str]:
    """Map the path of each file of a lock entry to its hash."""
    return {file["path"]: file["md5"] for file in files}


def parameters_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Take the parameters out of a lock entry, without the names of section and key.

    `experiments.digits_convnet.train` becomes `train`, so that the runs of different
    experiments have the same columns.
    """
    result: dict[str, Any] = {}
    for sections in entry.get("params", {}).values():
        for dotted, value in sections.items():
            _, _, *part = dotted.split(".")
            if part:
                result[".".join(part)] = value
            else:
                result.update(value)
    return result


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
