"""What a logged model may consist of: nothing that runs when it is read.

A pickle runs code as it is loaded, a Keras archive may name any function of any module,
and an entry of a zip may lie outside of the folder that it is unpacked into. What the
pipeline registers has none of it, so whatever does is not the pipeline's.
"""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from pedigree.errors import WrongUseError
from pedigree.sections import load_yaml
from pedigree.tracking.manifest import LOADED
from pedigree.tracking.manifest import NAME as MANIFEST

DESCRIPTION = "MLmodel"
MODEL_CODE = "pyfunc_model.py"
FILES = frozenset(
    {
        *(DESCRIPTION, MANIFEST, MODEL_CODE, LOADED),
        *("conda.yaml", "python_env.yaml", "requirements.txt"),
    }
)
ARTIFACTS = frozenset({".json", ".keras", ".skops"})
CODE = frozenset({".py", ".jinja"})
KERAS_ENTRIES = frozenset({"config.json", "metadata.json", "model.weights.h5"})

# Where the classes of a Keras archive may come from.
_MODULES = ("keras", "builtins", "pedigree")


def faults(folder: Path) -> Iterator[str]:
    """Name what a logged model must not hold; nothing of it is loaded.

    Args:
        folder: The files of the logged model.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_symlink():
            yield f"{name} is a link"
        elif path.is_file() and "__pycache__" not in name.parts:
            if not _is_expected(name):
                yield f"{name} is no file of a registered model"
            elif name.parts[0] == "artifacts" and path.suffix in (".keras", ".skops"):
                yield from (f"{name}: {each}" for each in _archive_faults(path))
    yield from (f"{DESCRIPTION}: {each}" for each in _description_faults(folder))


def _is_expected(name: Path) -> bool:
    if len(name.parts) == 1:
        return name.name in FILES
    suffixes = {"artifacts": ARTIFACTS, "code": CODE}
    return name.suffix in suffixes.get(name.parts[0], ())


def _description_faults(folder: Path) -> Iterator[str]:
    """Name what MLflow would load besides the model's own code."""
    try:
        content = load_yaml(folder / DESCRIPTION)
    except WrongUseError as error:
        yield error.rule
        return
    flavors = content.get("flavors") if isinstance(content, dict) else None
    if not isinstance(flavors, dict) or list(flavors) != ["python_function"]:
        yield "its only flavor must be python_function"
        return
    flavor = flavors["python_function"]
    if "python_model" in flavor or "model_code_path" not in flavor:
        yield "the model is a pickle"
        return
    if Path(str(flavor["model_code_path"])).name != MODEL_CODE:
        yield f"its code must be {MODEL_CODE}"
    paths = [entry.get("path") for entry in (flavor.get("artifacts") or {}).values()]
    for path in [*paths, flavor.get("code")]:
        if _escapes(str(path)):
            yield f"{path} is outside of its folder"


def _archive_faults(path: Path) -> Iterator[str]:
    """Name entries that an archive of the pipeline does not have."""
    try:
        with ZipFile(path) as archive:
            for entry in archive.infolist():
                if _escapes(entry.filename) or "/" in entry.filename:
                    yield f"{entry.filename} is outside of its folder"
                elif entry.compress_type != ZIP_STORED:
                    yield f"{entry.filename} is compressed"
                elif path.suffix == ".keras" and entry.filename not in KERAS_ENTRIES:
                    yield f"{entry.filename} is no entry of a Keras archive"
            if path.suffix == ".keras":
                yield from _keras_faults(json.loads(archive.read("config.json")))
    except (BadZipFile, KeyError, ValueError) as error:
        yield f"it cannot be read: {error}"


def _keras_faults(node: Any) -> Iterator[str]:
    """Name classes and functions that are not Keras's own."""
    if isinstance(node, list):
        for child in node:
            yield from _keras_faults(child)
    if not isinstance(node, dict):
        return
    module, name = node.get("module"), node.get("class_name")
    if "class_name" in node:
        if name in ("__lambda__", "Lambda"):
            yield "it holds a Lambda, which is code"
        elif module is not None and str(module).partition(".")[0] not in _MODULES:
            yield f"it names {module}.{name}"
    for child in node.values():
        yield from _keras_faults(child)


def _escapes(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts
