"""Where bytes lie: in the workspace, in DVC's cache, and in the commits of git."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.tracking.dvc_entry import hashes, read_lock

if TYPE_CHECKING:
    from dvc.repo import Repo


class Storage:
    """Workspace, DVC's cache and commits; no hash that DVC remembers is trusted.

    Args:
        repo: DVC's repository.
    """

    def __init__(self, repo: "Repo") -> None:
        from dvc_data.hashfile.db import HashFileDB

        self._repo = repo
        self._cache = repo.cache.local
        # The same cache, without the memory of hashes.
        self._forgetful = HashFileDB(self._cache.fs, self._cache.path)
        self._recorded = dict(_recorded(read_lock(repo).values()))

    def is_recorded(self, path: str, value: str) -> bool:
        """Tell whether `dvc.lock` says that the workspace holds this version."""
        return self._recorded.get(path) == value

    def is_cached(self, value: str) -> bool:
        """Tell whether the cache claims to hold a file or folder."""
        return bool(self._cache.exists(value))

    def fault_in_workspace(self, path: str, value: str) -> str | None:
        """Hash a file or folder of the workspace anew.

        Returns:
            What differs: the file by its name where the cache lists the folder. None
            if nothing does.
        """
        if not Path(path).exists():
            return f"{path} is missing"
        found = self._hash(path)
        if found[""] == value:
            return None
        expected = self._list(value)
        for name in sorted({*expected, *found} - {""}):
            if expected and found.get(name) != expected.get(name):
                return _say(f"{path}/{name}", found.get(name), expected.get(name))
        return _say(path, found[""], value)

    def fault_in_cache(self, path: str, value: str) -> str | None:
        """Hash a file, or a folder with what is in it, anew in the cache.

        Returns:
            What differs, or None.
        """
        fault = self._fault_of_object(path, value)
        for name, each in self._list(value).items() if fault is None else ():
            fault = fault or self._fault_of_object(f"{path}/{name}", each)
        return fault

    def hashes_in_commit(self, paths: Iterable[str], commit: str) -> dict[str, str]:
        """Hash files and folders of the project as a commit holds them.

        Returns:
            The hash of each that it holds, by path; none where there is no such commit.
        """
        from dvc.exceptions import DvcException

        try:
            with self._repo.switch(commit):
                root, fs = self._repo.root_dir, self._repo.fs
                present = [each for each in paths if fs.exists(fs.join(root, each))]
                return {each: self._hash(fs.join(root, each))[""] for each in present}
        except DvcException:
            return {}

    def copy_from_cache(self, value: str, target: Path) -> None:
        """Copy a file, or a folder with what is in it, out of the cache."""
        for name, each in self._list(value).items() or [("", value)]:
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._cache.oid_to_path(each), path)

    def _fault_of_object(self, name: str, value: str) -> str | None:
        from dvc_data.hashfile.hash import file_md5

        path = self._cache.oid_to_path(value)
        if not Path(path).exists():
            return f"{name} is missing"
        found = file_md5(path, self._cache.fs)
        expected = value.removesuffix(".dir")
        return None if found == expected else _say(f"{name} ({path})", found, expected)

    def _hash(self, path: str) -> dict[str, str]:
        """Hash a file or folder, as "", and each file of the folder by its name."""
        from dvc_data.hashfile.build import build
        from dvc_data.hashfile.tree import Tree

        fs = self._repo.fs
        _, _, found = build(
            self._forgetful,
            fs.abspath(path),
            fs,
            "md5",
            dry_run=True,
            ignore=self._repo.dvcignore,
        )
        result = {"": str(found.hash_info.value)}
        if isinstance(found, Tree):
            result |= {"/".join(key): str(oid.value) for key, _, oid in found}
        return result

    def _list(self, value: str) -> dict[str, str]:
        """The files of a folder as the cache lists them; none where it does not."""
        from dvc_data.hashfile.hash_info import HashInfo
        from dvc_data.hashfile.tree import Tree

        if not value.endswith(".dir") or not self._cache.exists(value):
            return {}
        tree = Tree.load(self._cache, HashInfo("md5", value))
        return {"/".join(key): str(oid.value) for key, _, oid in tree}


def _recorded(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """What the workspace holds: what stages wrote, and what none of them did."""
    for part in ("deps", "outs"):
        for entry in entries:
            yield from hashes(entry.get(part, ())).items()


def _say(name: str, found: str | None, expected: str | None) -> str:
    if found is None:
        return f"{name} is missing"
    if expected is None:
        return f"{name} does not belong there"
    return f"{name} has the md5 {found} instead of {expected}"
