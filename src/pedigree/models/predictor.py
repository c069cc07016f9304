"""What every trained model is to those that use it, whatever trained it."""

import json
import math
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pedigree.archives.hashing import hash_of_file

# Outputs, shape (rows, *output shape), of prepared examples, shape (rows, *input
# shape). A single output for two classes is the probability of the second.
Predictor = Callable[[NDArray[Any]], NDArray[np.float32]]

# What the outputs of a model are: classes to choose from, for a row or for each pixel,
# a number, its own input, or the next token after each token of a text.
OutputKind = Literal["classes", "masks", "number", "input", "tokens"]
OUTPUTS_FILE = "outputs.json"
PARTS_FILE = "parts.json"

# What trained a model, by the ending of its file.
LIBRARIES = {".keras": "keras", ".skops": "numpy"}


# How many numbers the examples of one step hold at the most. What a net makes of an
# image is some hundred times larger than the image.
_NUMBERS_AT_ONCE = 2**22
_ROWS_AT_ONCE = 1024


def rows_at_once(example: tuple[int, ...]) -> int:
    """How many examples to predict at once, so that large ones fit into the memory.

    Args:
        example: Shape of one.
    """
    return max(1, min(_ROWS_AT_ONCE, _NUMBERS_AT_ONCE // math.prod(example)))


def model_file(folder: Path) -> Path:
    """The one file of a model, `models/<experiment>/model.*`."""
    (path,) = (each for each in folder.iterdir() if each.suffix in LIBRARIES)
    return path


class Outputs(NamedTuple):
    """What is known of a model beside its file.

    Attributes:
        kind: What its outputs are.
        trained_on: The splits whose rows it was trained on.
    """

    kind: OutputKind
    trained_on: tuple[str, ...]


def write_outputs(outputs: Outputs, folder: Path) -> None:
    """Say beside a model what its outputs are."""
    content = json.dumps(outputs._asdict(), indent=2)
    (folder / OUTPUTS_FILE).write_text(f"{content}\n", "utf-8")


def read_outputs(folder: Path) -> Outputs:
    """Read what `write_outputs` wrote."""
    content = json.loads((folder / OUTPUTS_FILE).read_text("utf-8"))
    return Outputs(content["kind"], tuple(content["trained_on"]))


def list_parts(folder: Path) -> dict[str, str]:
    """Hash the files of models that were trained on the way to that of a folder."""
    own = {model_file(folder), folder / OUTPUTS_FILE}
    return {
        path.relative_to(folder).as_posix(): hash_of_file(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in own
    }


def load_predictor(path: Path) -> Predictor:
    """Load a model by its file.

    Raises:
        WrongUseError: If the file is not the archive of a model.
    """
    archive = import_module(f"pedigree.models.{LIBRARIES[path.suffix]}.archive")
    predictor: Predictor = archive.load_predictor(path.parent)
    return predictor
