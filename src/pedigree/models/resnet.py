"""ResNet of basic blocks: two convolutions of 3 x 3, added to what they received.

He et al., "Deep residual learning for image recognition" (2016); two blocks in each of
four stages are ResNet-18.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from pedigree.models.head import Head
from pedigree.params.values import Fraction, Positive
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor


class Stem(Section):
    """What stands in front of the blocks.

    Attributes:
        kernel: Side of the convolution's kernel, in pixels.
        stride: Step of the convolution, in pixels.
        pool: Whether a pool of 3 x 3 with stride 2 follows.
    """

    kernel: Positive
    stride: Positive
    pool: bool


class BatchNormalization(Section):
    """`keras.layers.BatchNormalization`."""

    momentum: Fraction
    epsilon: Fraction


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        stem: The first convolution; it has the filters of the first stage.
        stages: Filters of each stage; all but the first one halve the image.
        blocks: Blocks in each stage.
        padding: Padding where the image is halved: `symmetric` as in PyTorch, or
            Keras's own `same`, which has one pixel more at the end of even sides.
        initializer: Initializer of all kernels.
        l2: Weight decay of the convolutions' kernels.
        batch_normalization: After each convolution but those of the shortcuts.
        last_pool: Side of the average pool before the output, in pixels; over the whole
            image where it is not named.
    """

    stem: Stem
    stages: Annotated[tuple[Positive, ...], Field(min_length=1)]
    blocks: Positive
    padding: Literal["symmetric", "same"]
    initializer: Literal["glorot_uniform", "he_normal"]
    l2: Annotated[float, Field(gt=0)] | None = None
    batch_normalization: BatchNormalization
    last_pool: Positive | None = None


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers.

    Args:
        inputs: Images, shape (batch, height, width, channels).
        hyperparameters: The stem, the stages and their layers.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    outputs = _stem(inputs, hyperparameters)
    for stage, filters in enumerate(hyperparameters.stages, start=1):
        for block in range(1, hyperparameters.blocks + 1):
            halve = stage > 1 and block == 1
            name = f"stage{stage}_{block}"
            outputs = _block(outputs, filters, halve, name, hyperparameters)
    outputs = _flatten(outputs, hyperparameters.last_pool)
    return head.connect(outputs, hyperparameters.initializer)


def _stem(inputs: "KerasTensor", hyperparameters: Hyperparameters) -> "KerasTensor":
    from keras import layers

    stem = hyperparameters.stem
    filters = hyperparameters.stages[0]
    outputs = _convolve(
        inputs, filters, stem.kernel, stem.stride, "stem_conv", hyperparameters
    )
    outputs = _normalize(outputs, "stem_bn", hyperparameters)
    outputs = layers.ReLU(name="stem_relu")(outputs)
    if not stem.pool:
        return outputs
    # After a ReLU a border of zeros never wins over the pixels beside it.
    pool = partial(layers.MaxPooling2D, 3, strides=2, name="stem_pool")
    return _padded(outputs, pool, 3, 2, hyperparameters.padding)


def _block(
    inputs: "KerasTensor",
    filters: int,
    halve: bool,
    name: str,
    hyperparameters: Hyperparameters,
) -> "KerasTensor":
    from keras import layers

    stride = 2 if halve else 1
    outputs = _convolve(inputs, filters, 3, stride, f"{name}_conv1", hyperparameters)
    outputs = _normalize(outputs, f"{name}_bn1", hyperparameters)
    outputs = layers.ReLU(name=f"{name}_relu1")(outputs)
    outputs = _convolve(outputs, filters, 3, 1, f"{name}_conv2", hyperparameters)
    outputs = _normalize(outputs, f"{name}_bn2", hyperparameters)
    shortcut = inputs
    if halve:
        shortcut = _convolve(
            inputs, filters, 1, stride, f"{name}_shortcut", hyperparameters
        )
    outputs = layers.Add(name=f"{name}_add")([outputs, shortcut])
    return layers.ReLU(name=f"{name}_relu2")(outputs)


def _convolve(
    inputs: "KerasTensor",
    filters: int,
    kernel: int,
    stride: int,
    name: str,
    hyperparameters: Hyperparameters,
) -> "KerasTensor":
    from keras import layers, regularizers

    l2 = hyperparameters.l2
    convolution = partial(
        layers.Conv2D,
        filters,
        kernel,
        strides=stride,
        kernel_initializer=hyperparameters.initializer,
        kernel_regularizer=regularizers.L2(l2) if l2 else None,
        name=name,
    )
    return _padded(inputs, convolution, kernel, stride, hyperparameters.padding)


def _padded(
    inputs: "KerasTensor",
    layer: Callable[..., Any],
    kernel: int,
    stride: int,
    padding: Literal["symmetric", "same"],
) -> "KerasTensor":
    """Connect a layer that looks beyond the border of the image.

    Args:
        inputs: Images.
        layer: Makes the layer, given its padding.
        kernel: Side of the layer's kernel or window.
        stride: Its step; only with a step of 1 both paddings are the same.
        padding: How the border is laid.
    """
    from keras import layers

    if padding == "same" or stride == 1:
        return layer(padding="same")(inputs)
    connected = layer(padding="valid")
    border = layers.ZeroPadding2D(kernel // 2, name=f"{connected.name}_padding")
    return connected(border(inputs) if kernel > 1 else inputs)


def _normalize(
    inputs: "KerasTensor", name: str, hyperparameters: Hyperparameters
) -> "KerasTensor":
    from keras import layers

    values = hyperparameters.batch_normalization.model_dump()
    return layers.BatchNormalization(**values, name=name)(inputs)


def _flatten(inputs: "KerasTensor", last_pool: int | None) -> "KerasTensor":
    from keras import layers

    if last_pool is None:
        return layers.GlobalAveragePooling2D(name="last_pool")(inputs)
    outputs = layers.AveragePooling2D(last_pool, name="last_pool")(inputs)
    return layers.Flatten(name="flatten")(outputs)
