"""An architecture by its name: its hyperparameters checked, its model built.

An architecture is one module of this package with a class `Hyperparameters` and a
function `connect`. Keras is imported inside functions, so that checking parameters
costs nothing.
"""

import importlib
import importlib.util
import random
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pedigree.errors import WrongUseError
from pedigree.models.augmentation import augment
from pedigree.models.head import classification_head
from pedigree.params.file import PARAMS_FILE
from pedigree.params.model import Model
from pedigree.sections import parse

if TYPE_CHECKING:
    import keras


def check(model: Model, where: tuple[str, ...] = ("model",)) -> Any:
    """Check a `model` section against the architecture that it names.

    Args:
        model: The section.
        where: Where the section stands in `params.yaml`, for the message.

    Returns:
        The architecture's `Hyperparameters`.

    Raises:
        WrongUseError: If there is no such architecture, or a hyperparameter is
            unknown, missing or out of range.
    """
    module = _module(model.architecture, where)
    return parse(module.Hyperparameters, model.hyperparameters, PARAMS_FILE, where)


def build_model(
    model: Model,
    input_shape: tuple[int, ...],
    classes: int,
    divide_by: float | None,
    loss: str,
) -> "keras.Model":
    """Build an uncompiled model; the same arguments give the same weights.

    Args:
        model: The architecture, its hyperparameters, its augmentation and the seed of
            all that is random.
        input_shape: Shape of one prepared example.
        classes: Number of classes.
        divide_by: What the model divides its input by; images are kept as bytes.
        loss: Name of the Keras loss, which decides the output layer.

    Raises:
        WrongUseError: If the hyperparameters do not fit the architecture or the input.
    """
    import keras

    hyperparameters = check(model)
    # Keras draws the seeds of initializers and of random layers from here. Its own
    # `set_random_seed` would import TensorFlow, whatever the backend.
    random.seed(model.seed)
    inputs = keras.Input(input_shape, name="input")
    outputs = inputs
    if divide_by is not None:
        outputs = keras.layers.Rescaling(1 / divide_by, name="rescaling")(outputs)
    head = classification_head(loss, classes)
    try:
        outputs = augment(outputs, model.augmentation)
        outputs = _module(model.architecture).connect(outputs, hyperparameters, head)
    except ValueError as error:
        cause = str(error).strip().splitlines()[0]
        raise WrongUseError(
            f"{model.architecture} must fit its input of shape {input_shape}. "
            f"Received: {cause}",
            f"Correct the section `model` in {PARAMS_FILE}.",
        ) from error
    return keras.Model(inputs, outputs, name=model.architecture)


def _module(architecture: str, where: tuple[str, ...] = ("model",)) -> ModuleType:
    name = f"pedigree.models.{architecture}"
    found = importlib.util.find_spec(name)
    module = importlib.import_module(name) if found else None
    if module is None or not hasattr(module, "Hyperparameters"):
        raise WrongUseError(
            "architecture must name a module of src/pedigree/models. Received: "
            f"{'.'.join(where)}.architecture={architecture} in {PARAMS_FILE}",
            "Correct the name, or write that module.",
        )
    return module
