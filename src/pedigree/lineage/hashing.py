"""Hashes as DVC computes them: of a file, and of a folder by what is in it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path


def hash_of_file(content: bytes) -> str:
    """The hash of a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def hash_of_folder(files: Mapping[str, bytes]) -> str:
    """The hash of a folder.

    Args:
        files: The content of each file, by its path in the folder.
    """
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta
    from dvc_data.hashfile.tree import Tree

    tree = Tree()  # type: ignore[no-untyped-call]
    for name, content in files.items():
        found = HashInfo("md5", hash_of_file(content))
        tree.add(tuple(name.split("/")), Meta(), found)
    tree.digest()
    assert tree.hash_info is not None
    return str(tree.hash_info.value)


def hash_of_code(path: Path) -> str | None:
    """The hash of a module, or of a folder of modules; None where there is neither.

    A folder of code is its modules, whatever else lies there: so says `.dvcignore`.
    """
    if path.is_file():
        return hash_of_file(path.read_bytes())
    modules = {
        each.relative_to(path).as_posix(): each.read_bytes()
        for each in path.rglob("*.py")
    }
    return hash_of_folder(modules) if modules else None
