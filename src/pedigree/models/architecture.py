"""An architecture by its name, and its hyperparameters checked.

An architecture is one module of this package with a class `Hyperparameters`, and what
its library builds a model with: `connect` for Keras, `build_estimator` for NumPy. No
library is imported to check parameters.
"""

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE
from pedigree.params.model import Model
from pedigree.sections import parse

BUILDERS = {"keras": "connect", "numpy": "build_estimator"}


def check(model: Model, library: str, where: tuple[str, ...] = ("model",)) -> Any:
    """Check a `model` section against the architecture that it names.

    Args:
        model: The section.
        library: What is to train it.
        where: Where the section stands in `params.yaml`, for the message.

    Returns:
        The architecture's `Hyperparameters`.

    Raises:
        WrongUseError: If there is no such architecture, the library does not train it,
            or a hyperparameter is unknown, missing or out of range.
    """
    module = load_architecture(model.architecture, where)
    if not hasattr(module, BUILDERS[library]):
        raise WrongUseError(
            f"train.library must be one that trains {model.architecture}. Received: "
            f"{library}",
            f"Correct `train.library` or {'.'.join(where)}.architecture in "
            f"{PARAMS_FILE}.",
        )
    return parse(module.Hyperparameters, model.hyperparameters, PARAMS_FILE, where)


def load_architecture(name: str, where: tuple[str, ...] = ("model",)) -> ModuleType:
    """Import the module of an architecture.

    Raises:
        WrongUseError: If there is none of that name.
    """
    address = f"pedigree.models.{name}"
    found = importlib.util.find_spec(address)
    module = importlib.import_module(address) if found else None
    if module is None or not hasattr(module, "Hyperparameters"):
        raise WrongUseError(
            "architecture must name a module of src/pedigree/models. Received: "
            f"{'.'.join(where)}.architecture={name} in {PARAMS_FILE}",
            "Correct the name, or write that module.",
        )
    return module
