"""A Keras model from the section `model` and what the prepared data means.

Keras is imported inside functions, so that checking parameters costs nothing.
"""

import random
from typing import TYPE_CHECKING, Any

from pedigree.errors import WrongUseError
from pedigree.models.architecture import check, load_architecture
from pedigree.models.augmentation import augment
from pedigree.models.head import Head
from pedigree.params.file import PARAMS_FILE
from pedigree.params.model import Initialization, Model

if TYPE_CHECKING:
    import keras


def build_model(
    model: Model,
    input_shape: tuple[int | None, ...],
    divide_by: float | None,
    head: Head,
    batch_size: int | None = None,
) -> "keras.Model":
    """Build an uncompiled model; the same arguments give the same weights.

    Args:
        model: The architecture, its hyperparameters, what stands in front of it, and
            the seed of all that is random.
        input_shape: Shape of one prepared example; of a text, the steps of a sequence
            (None for any number) and 1.
        divide_by: What the model divides its input by; images are kept as bytes.
        head: The output layer.
        batch_size: Rows of every batch, where the state of recurrent layers is to be
            carried from batch to batch.

    Raises:
        WrongUseError: If the hyperparameters do not fit the architecture or the input.
    """
    import keras

    hyperparameters = check(model, "keras")
    # Keras draws the seeds of initializers and of random layers from here. Its own
    # `set_random_seed` would import TensorFlow, whatever the backend.
    random.seed(model.seed)
    inputs = keras.Input(input_shape, batch_size, name="input")
    try:
        outputs = _prepare(inputs, model, divide_by)
        architecture = load_architecture(model.architecture)
        outputs = architecture.connect(outputs, hyperparameters, head)
    except ValueError as error:
        cause = str(error).strip().splitlines()[0]
        raise WrongUseError(
            f"{model.architecture} must fit its input of shape {input_shape}. "
            f"Received: {cause}",
            f"Correct the section `model` in {PARAMS_FILE}.",
        ) from error
    built = keras.Model(inputs, outputs, name=model.architecture)
    if model.initialization:
        _initialize(built, model.initialization)
    return built


def _prepare(
    inputs: "keras.KerasTensor", model: Model, divide_by: float | None
) -> "keras.KerasTensor":
    """Connect what stands in front of every architecture."""
    import keras

    outputs = inputs
    if model.resize:
        if len(inputs.shape) != 4:
            raise ValueError("resize, which takes images")
        outputs = keras.layers.Resizing(*model.resize, name="resizing")(outputs)
    if divide_by is not None:
        outputs = keras.layers.Rescaling(1 / divide_by, name="rescaling")(outputs)
    as_block = model.augmentation_block or False
    return augment(outputs, model.augmentation, as_block=as_block)


def _initialize(model: "keras.Model", initialization: Initialization) -> None:
    """Draw kernels and biases anew, layer by layer."""
    kernel = _initializer(initialization.kernel)
    bias = _initializer(initialization.bias)
    for variable in model.trainable_variables:
        drawn = {"kernel": kernel, "recurrent_kernel": kernel, "bias": bias}
        if initializer := drawn.get(variable.name):
            variable.assign(initializer(variable.shape, variable.dtype))


def _initializer(parameters: Any) -> "keras.Initializer":
    import keras

    values = parameters.model_dump(exclude={"name"})
    if parameters.name == "constant":
        return keras.initializers.Constant(**values)
    # A generator of its own: one seed given twice would draw the same numbers twice.
    seed = keras.random.SeedGenerator(random.getrandbits(31))
    initializers = {
        "random_uniform": keras.initializers.RandomUniform,
        "random_normal": keras.initializers.RandomNormal,
    }
    return initializers[parameters.name](seed=seed, **values)
