"""Hashes as DVC computes them: of a file, and of a folder by what is in it."""

import hashlib
from collections.abc import Mapping


def hash_of_file(content: bytes) -> str:
    """The hash of a file."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def hash_of_tree(hashes: Mapping[str, str]) -> str:
    """The hash of a folder.

    Args:
        hashes: The hash of each file, by its path in the folder.
    """
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta
    from dvc_data.hashfile.tree import Tree

    tree = Tree()  # type: ignore[no-untyped-call]
    for name, value in hashes.items():
        tree.add(tuple(name.split("/")), Meta(), HashInfo("md5", value))
    tree.digest()
    assert tree.hash_info is not None
    return str(tree.hash_info.value)
