"""Keras archives with canonical bytes: the same model is always the same file."""

import json
import zipfile
from pathlib import Path
from typing import Any

# The earliest time a zip entry can bear.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def rewrite(source: Path, target: Path) -> None:
    """Copy a zip: entries sorted, stored, without times."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name.endswith(".json"):
                content = _canonical_json(json.loads(content))
            new.writestr(zipfile.ZipInfo(name, _NO_TIME), content)


def _canonical_json(document: dict[str, Any]) -> bytes:
    """Sort the keys, drop the date, and number shared objects by appearance.

    Keras identifies objects that layers share by their address in memory.
    """
    numbers: dict[int, int] = {}

    def canonical(value: Any) -> Any:
        if isinstance(value, list):
            return [canonical(item) for item in value]
        if not isinstance(value, dict):
            return value
        copy = {key: canonical(item) for key, item in value.items()}
        if "shared_object_id" in copy:
            identity = copy["shared_object_id"]
            copy["shared_object_id"] = numbers.setdefault(identity, len(numbers))
        if "date_saved" in copy:
            copy["date_saved"] = "1980-01-01@00:00:00"
        return copy

    return json.dumps(canonical(document), sort_keys=True).encode()
