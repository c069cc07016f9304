"""The section `model` of an experiment: read by train."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pedigree.params.values import Name, Positive, Range, Seed, Share
from pedigree.sections import Section


class RandomFlip(Section):
    """`keras.layers.RandomFlip`."""

    layer: Literal["random_flip"]
    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"]


class RandomRotation(Section):
    """`keras.layers.RandomRotation`: `factor` is the largest share of a full turn."""

    layer: Literal["random_rotation"]
    factor: Share


class RandomZoom(Section):
    """`keras.layers.RandomZoom`: without a width the proportions are kept."""

    layer: Literal["random_zoom"]
    height_factor: Share
    width_factor: Share | None = None


class RandomTranslation(Section):
    """`keras.layers.RandomTranslation`: the factors are shares of the sides."""

    layer: Literal["random_translation"]
    height_factor: Share
    width_factor: Share


class RandomContrast(Section):
    """`keras.layers.RandomContrast`, clipped to the range of the scaled pixels."""

    layer: Literal["random_contrast"]
    factor: Share
    value_range: Range


class RandomBrightness(Section):
    """`keras.layers.RandomBrightness`, clipped to the range of the scaled pixels.

    It adds to the pixels up to `factor` of the range.
    """

    layer: Literal["random_brightness"]
    factor: Share
    value_range: Range


class RandomBrightnessFactor(Section):
    """Multiplies the pixels by 1 - `factor` to 1 + `factor`, as torchvision does."""

    layer: Literal["random_brightness_factor"]
    factor: Share
    value_range: Range


class GaussianNoise(Section):
    """`keras.layers.GaussianNoise`, for inputs of any shape."""

    layer: Literal["gaussian_noise"]
    stddev: Share


Augmentation = Annotated[
    RandomFlip
    | RandomRotation
    | RandomZoom
    | RandomTranslation
    | RandomContrast
    | RandomBrightness
    | RandomBrightnessFactor
    | GaussianNoise,
    Field(discriminator="layer"),
]


class RandomUniform(Section):
    """`keras.initializers.RandomUniform`."""

    name: Literal["random_uniform"]
    minval: float
    maxval: float


class RandomNormal(Section):
    """`keras.initializers.RandomNormal`, around 0."""

    name: Literal["random_normal"]
    stddev: Annotated[float, Field(gt=0)]


class Constant(Section):
    """`keras.initializers.Constant`."""

    name: Literal["constant"]
    value: float


Initializer = Annotated[
    RandomUniform | RandomNormal | Constant, Field(discriminator="name")
]


class Initialization(Section):
    """What the weights start from, in all layers that have kernels and biases."""

    kernel: Initializer
    bias: Initializer


class Model(BaseModel):
    """An architecture and its hyperparameters.

    The hyperparameters are checked by the architecture's own module, so that a new
    architecture is one new module.

    Attributes:
        architecture: The module of `pedigree.models`.
        seed: Seed of the weights, of dropout and of the augmentation.
        resize: Height and width that images are resized to, by bilinear interpolation,
            before anything else.
        augmentation: Random layers between the scaling and the architecture.
        augmentation_block: Whether these layers are one layer made of them.
        initialization: What the weights start from, instead of what the layers of the
            architecture start from by themselves.
        output_activation: Activation of the output unit that predicts a number; without
            it, any number can come out.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    architecture: Name
    seed: Seed
    resize: tuple[Positive, Positive] | None = None
    augmentation: tuple[Augmentation, ...] = ()
    augmentation_block: bool | None = None
    initialization: Initialization | None = None
    output_activation: Literal["tanh"] | None = None

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What the architecture's module checks and reads."""
        return dict(self.__pydantic_extra__ or {})
