"""What every trained model is to those that use it, whatever trained it."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

# Outputs, shape (rows, *output shape), of prepared examples, shape (rows, *input
# shape). A single output for two classes is the probability of the second.
Predictor = Callable[[NDArray[Any]], NDArray[np.float32]]

# What the outputs of a model are: classes to choose from, a number, its own input, or
# the next token after each token of a text.
OutputKind = Literal["classes", "number", "input", "tokens"]
OUTPUTS_FILE = "outputs.json"

# What trained a model, by the ending of its file.
LIBRARIES = {".keras": "keras", ".skops": "numpy"}


def model_file(folder: Path) -> Path:
    """The one file of a model, `models/<experiment>/model.*`."""
    (path,) = (each for each in folder.iterdir() if each.suffix in LIBRARIES)
    return path


def write_output_kind(kind: OutputKind, folder: Path) -> None:
    """Say beside a model what its outputs are."""
    content = json.dumps({"kind": kind}, indent=2)
    (folder / OUTPUTS_FILE).write_text(f"{content}\n", "utf-8")


def read_output_kind(folder: Path) -> OutputKind:
    """Read what `write_output_kind` wrote."""
    kind: OutputKind = json.loads((folder / OUTPUTS_FILE).read_text("utf-8"))["kind"]
    return kind


def load_predictor(path: Path) -> Predictor:
    """Load a model by its file.

    Raises:
        WrongUseError: If the file is not the archive of a model.
    """
    archive = import_module(f"pedigree.models.{LIBRARIES[path.suffix]}.archive")
    predictor: Predictor = archive.load_predictor(path.parent)
    return predictor
