"""The manifest of a logged model: the sha256 of each of its files."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

NAME = "manifest.json"

# What MLflow writes beside a registered model that it loads from where it lies.
LOADED = "registered_model_meta"


def write_manifest(folder: Path) -> str:
    """Write the manifest of a folder into it.

    Returns:
        The sha256 of the manifest, which stands for all files.
    """
    sums = {name: sha256_of(folder / name) for name in _files(folder)}
    text = json.dumps(sums, indent=2, sort_keys=True)
    (folder / NAME).write_text(f"{text}\n", "utf-8")
    return sha256_of(folder / NAME)


def differences(folder: Path, manifest: str) -> Iterator[str]:
    """Name each file that is not as the manifest says, the manifest itself first.

    Args:
        folder: A logged model.
        manifest: The sha256 that its manifest had.
    """
    path = folder / NAME
    if not path.is_file() or sha256_of(path) != manifest:
        yield NAME
        return
    sums: dict[str, str] = json.loads(path.read_text("utf-8"))
    for name, expected in sums.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != expected:
            yield name
    yield from sorted(set(_files(folder)) - {*sums, NAME})


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    """List the files of a folder, but not what Python and MLflow write beside them."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    names = (each.as_posix() for each in paths if "__pycache__" not in each.parts)
    return sorted(name for name in names if name != LOADED)
