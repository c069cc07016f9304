"""Brightness that is multiplied, as torchvision's; Keras's own layer adds to it."""

from typing import Any

from keras import KerasTensor, layers, ops, random, saving


@saving.register_keras_serializable("pedigree")
class RandomBrightnessFactor(layers.Layer):  # type: ignore[misc]
    """Multiply each image by a random number around 1: what is black stays black.

    As the brightness of `torchvision.transforms.ColorJitter`.

    Args:
        factor: The numbers are uniform between 1 - factor and 1 + factor.
        value_range: What the products are clipped to.
        **arguments: Those of every layer.
    """

    def __init__(
        self, factor: float, value_range: tuple[float, float], **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.factor = factor
        self.value_range = value_range
        self.generator = random.SeedGenerator()

    def call(self, inputs: KerasTensor, training: bool = False) -> KerasTensor:
        """Brighten or darken images, shape (batch, height, width, channels)."""
        if not training:
            return inputs
        factors = random.uniform(
            (ops.shape(inputs)[0], 1, 1, 1),
            1 - self.factor,
            1 + self.factor,
            dtype=self.compute_dtype,
            seed=self.generator,
        )
        return ops.clip(inputs * factors, *self.value_range)

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape stays."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What makes such a layer again."""
        own = {"factor": self.factor, "value_range": self.value_range}
        return {**super().get_config(), **own}
