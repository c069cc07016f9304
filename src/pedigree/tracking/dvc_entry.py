"""The `dvc.lock` entry of one stage, as DVC itself would write it."""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pedigree.errors import WrongUseError

PIPELINE_FILE = "dvc.yaml"


class DvcEntry:
    """What DVC knows about a stage, asked from inside the stage or beside it.

    The lock of the repository is never taken: `dvc repro` may hold it. Only the
    stage that is asked for is resolved.

    Args:
        address: The stage, e.g. `train@digits_convnet`.

    Attributes:
        address: The stage.
        repo: DVC's repository.
        stage: DVC's stage.

    Raises:
        WrongUseError: If there is no such stage.
    """

    def __init__(self, address: str) -> None:
        from dvc.dvcfile import load_file
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
        from dvc.stage.loader import StageLoader

        self.address = address
        try:
            self.repo = Repo()
            self._file = load_file(self.repo, PIPELINE_FILE)
            # Without `dvc.lock`: it takes long to parse where there are many stages,
            # and says nothing about the execution that begins.
            self.stage = StageLoader(self._file, self._file.contents)[address]
        except DvcException as error:
            raise WrongUseError(
                f"{address} must be a stage of {PIPELINE_FILE}. "
                f"Received: {_one_line(error)}",
                "`dvc stage list` shows the stages; run it in the root of the project.",
            ) from error

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
        return self._file.resolver.context.select(dotted, unwrap=True)

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
        stages = self._file.lockfile_contents.get("stages", {})
        entry: dict[str, Any] | None = stages.get(self.address)
        return entry


def key_of(entry: Mapping[str, Any]) -> str:
    """Name an execution by what shaped it: command, dependencies and parameters.

    Args:
        entry: A lock entry, of `dvc.lock` or of a stage that runs. Its outputs, and
            what else DVC notes about a file than path and hash, do not count.

    Returns:
        The sha256 of the canonical JSON of these three, in hexadecimal digits.
    """
    identity = {
        "cmd": entry["cmd"],
        "deps": hashes(entry.get("deps", ())),
        "params": entry.get("params", {}),
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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
