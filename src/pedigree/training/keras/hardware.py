"""Hardware is found, not configured."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras


def prepare_hardware(xla: bool) -> None:
    """Let GPUs grow their memory instead of taking all, and compute reproducibly.

    Call it before anything is placed on a device.

    Args:
        xla: Whether XLA compiles the model. TensorFlow's deterministic operations
            exclude it. They matter on GPUs alone: on CPUs the operations that Keras
            uses gave equal bits without them.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if gpus and not xla:
        tf.config.experimental.enable_op_determinism()


def distribution(devices: tuple[str, ...] | None = None) -> AbstractContextManager[Any]:
    """The scope to build and compile a model in.

    Args:
        devices: Names of the logical devices; all GPUs where it is None.

    Returns:
        A `MirroredStrategy` scope over several devices, otherwise a scope that does
        nothing.
    """
    if keras.backend.backend() != "tensorflow":
        return nullcontext()
    import tensorflow as tf

    if devices is None:
        devices = tuple(device.name for device in tf.config.list_logical_devices("GPU"))
    if len(devices) < 2:
        return nullcontext()
    scope: AbstractContextManager[Any] = tf.distribute.MirroredStrategy(devices).scope()
    return scope
