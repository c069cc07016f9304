"""A pretrained net without its top, and dense layers behind it that are trained.

The base is VGG16 (Simonyan and Zisserman 2014) as `keras.applications` has it, trained
on ImageNet. It takes pixels of 0 to 255.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pedigree.models.head import Head
from pedigree.params.values import Positive, Rate
from pedigree.sections import Section

if TYPE_CHECKING:
    from keras import KerasTensor, Model

# The means of ImageNet's red, green and blue, which VGG16 was trained without.
MEANS = (123.68, 116.779, 103.939)


class Hyperparameters(Section):
    """What `model` holds beside what all architectures share.

    Attributes:
        base: The pretrained net.
        trainable: How many of the last layers of the base are trained on: pools count.
        dense: Units of each dense layer in front of the output.
        activation: Activation of the dense layers.
        dropout: Rate after each dense layer.
    """

    base: Literal["vgg16"]
    trainable: Annotated[int, Field(ge=0)]
    dense: tuple[Positive, ...]
    activation: Literal["relu", "linear"]
    dropout: Rate


def connect(
    inputs: "KerasTensor", hyperparameters: Hyperparameters, head: Head
) -> "KerasTensor":
    """Connect the layers; the weights of the base are random until it gets its own.

    Args:
        inputs: Images of 0 to 255, shape (batch, height, width, 3).
        hyperparameters: How much of the base is trained, and what stands behind it.
        head: The output layer.

    Returns:
        The predictions, shape (batch, units of the head).
    """
    import keras
    from keras import layers

    shape = inputs.shape[1:]
    base = keras.applications.VGG16(
        include_top=False,
        weights=None,
        # Named, because Keras counts the inputs of a process.
        input_tensor=keras.Input(shape, name="vgg16_input"),
        name=hyperparameters.base,
    )
    for number, layer in enumerate(reversed(base.layers)):
        layer.trainable = number < hyperparameters.trainable
    outputs = layers.Normalization(
        mean=MEANS, variance=(1.0, 1.0, 1.0), name="preprocessing"
    )(inputs)
    outputs = layers.Flatten(name="flatten")(base(outputs))
    for number, units in enumerate(hyperparameters.dense, start=1):
        outputs = layers.Dense(
            units, activation=hyperparameters.activation, name=f"fc{number}"
        )(outputs)
        outputs = layers.Dropout(hyperparameters.dropout, name=f"fc{number}_dropout")(
            outputs
        )
    return head.connect(outputs)


def load_pretrained(model: "Model", path: Path) -> None:
    """Give the base of a model its pretrained weights.

    They are made for channels in the order blue, green, red. The first kernel is turned
    here instead of each image.

    Args:
        model: What `connect` has built.
        path: The file that `keras.applications` publishes, without the top.
    """
    base = model.get_layer("vgg16")
    base.load_weights(path)
    first = base.get_layer("block1_conv1")
    kernel, bias = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], bias])
