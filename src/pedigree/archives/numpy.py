"""Archives of objects made of NumPy arrays, as scikit-learn's are.

What is plain is sorted JSON, what has been fitted is a skops archive. skops
names arrays by their address in memory, writes the addresses into its schema, and
stamps the time on each entry. Here arrays are named by their content.
"""

import hashlib
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

SCHEMA = "schema.json"


def save_json(data: Mapping[str, Any], path: Path) -> None:
    """Write plain data; equal data give equal bytes."""
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def load_json(path: Path) -> Any:
    """Read plain data."""
    return json.loads(path.read_text("utf-8"))


def save(fitted: Any, path: Path) -> None:
    """Write an object; equal objects give equal bytes.

    Args:
        fitted: What skops can save.
        path: The archive to write.
    """
    import skops.io

    with ZipFile(io.BytesIO(skops.io.dumps(fitted))) as archive:
        schema = json.loads(archive.read(SCHEMA))
        arrays = {
            name: archive.read(name) for name in archive.namelist() if name != SCHEMA
        }
    names = {name: _name_by_content(name, data) for name, data in arrays.items()}
    schema = _without_addresses(schema, names, itertools.count())
    entries = {names[name]: data for name, data in arrays.items()}
    entries[SCHEMA] = json.dumps(schema).encode()
    with ZipFile(path, "w") as archive:
        for name in sorted(entries):
            archive.writestr(ZipInfo(name), entries[name])  # dated 1980-01-01


def load(path: Path, trusted: Sequence[str]) -> Any:
    """Read an object, if all its types are known to be safe.

    Args:
        path: The archive.
        trusted: Types to allow beyond those that skops trusts.
    """
    import skops.io

    return skops.io.load(path, trusted=list(trusted))


def _name_by_content(name: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() + Path(name).suffix


def _without_addresses(
    node: Any, names: Mapping[str, str], numbers: Iterator[int]
) -> Any:
    """Rename arrays, and number objects instead of giving their addresses.

    Each occurrence of an object gets a number of its own: skops writes it out each
    time, and which ones are shared depends on how Python came by them.
    """
    if isinstance(node, list):
        return [_without_addresses(child, names, numbers) for child in node]
    if not isinstance(node, dict):
        return node
    canonical: dict[str, Any] = {}
    for key, child in node.items():
        if key == "__id__":
            canonical[key] = next(numbers)
        elif key == "file" and isinstance(child, str):
            canonical[key] = names[child]
        else:
            canonical[key] = _without_addresses(child, names, numbers)
    return canonical
