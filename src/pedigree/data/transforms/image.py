"""Images: 8 bits stay 8 bits, the model divides them."""

import hashlib
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import TypeAdapter

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Column
from pedigree.data.raw import images_of
from pedigree.errors import RefusedError
from pedigree.params.features import ImageTransform, NoisePixels, ZeroPixels

FILE = "image.json"


@dataclass(frozen=True)
class Fitted:
    """The transform of one dataset's images.

    Attributes:
        image_shape: Height, width and channels of every image.
        divide_pixels_by: What pixels are divided by, by the model or before.
        extra_pixels: What is put behind the pixels of each image.
    """

    image_shape: tuple[int, ...]
    divide_pixels_by: float
    extra_pixels: NoisePixels | ZeroPixels | None = None
    feature_names: ClassVar[tuple[str, ...]] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of an image, or the number of all its pixels."""
        if self.extra_pixels is None:
            return self.image_shape
        return (2 * math.prod(self.image_shape),)

    @property
    def divide_by(self) -> float | None:
        """What the model divides pixels by; None if they are divided already."""
        return None if self._is_mixed else self.divide_pixels_by

    @property
    def _is_mixed(self) -> bool:
        """Whether some features are divided and others are not."""
        extra = self.extra_pixels
        return isinstance(extra, NoisePixels) and not extra.scaled

    def apply(self, table: pa.Table) -> npt.NDArray[np.uint8 | np.float32]:
        """Turn raw rows into images, or into rows of all their pixels.

        Args:
            table: Columns `image`, `height`, `width` and `channels`.

        Returns:
            Shape (rows, *input_shape).

        Raises:
            RefusedError: If the images have another shape than the fitted ones.
        """
        images = images_of(table)
        if images.shape[1:] != self.image_shape:
            raise RefusedError(
                f"images must have the shape {self.image_shape}. Received: "
                f"{images.shape[1:]}",
                "Bring the images to the shape that the model was trained on.",
            )
        if self.extra_pixels is None:
            return images
        pixels = images.reshape(len(images), -1)
        columns = pixels.shape[1]
        rows = np.zeros(
            (len(pixels), 2 * columns), np.float32 if self._is_mixed else np.uint8
        )
        rows[:, :columns] = pixels
        if self._is_mixed:
            rows[:, :columns] /= self.divide_pixels_by
        if isinstance(self.extra_pixels, NoisePixels):
            for image, row in zip(pixels, rows, strict=True):
                row[columns:] = _noise(image, self.extra_pixels)
        return rows

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        extra = self.extra_pixels and self.extra_pixels.model_dump()
        archive.save_json({**asdict(self), "extra_pixels": extra}, folder / FILE)


def fit(
    parameters: ImageTransform, table: pa.Table, train_rows: npt.NDArray[np.int64]
) -> Fitted:
    """Learn the shape of the images.

    Args:
        parameters: The section of params.yaml.
        table: All raw rows.
        train_rows: The numbers of the training rows.
    """
    first = images_of(table.slice(int(train_rows[0]), 1))
    shape = tuple(first.shape[1:])
    return Fitted(shape, parameters.divide_by, parameters.extra_pixels)


def describe_columns(*_: object) -> tuple[Column, ...]:
    """Describe the raw columns that a model takes: none, it takes images."""
    return ()


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    data = archive.load_json(folder / FILE)
    extra = TypeAdapter(NoisePixels | ZeroPixels | None).validate_python(
        data["extra_pixels"]
    )
    return Fitted(tuple(data["image_shape"]), data["divide_pixels_by"], extra)


def _noise(
    image: npt.NDArray[np.uint8], parameters: NoisePixels
) -> npt.NDArray[np.uint8]:
    """Draw one number per pixel, each value as likely as another.

    The image itself is part of the seed: its noise does not depend on the rows that
    stand beside it, so a request gets the noise that training had.

    Returns:
        Shape (pixels,): 0 to 255, or to 254 where the published recipe has it.
    """
    content = int.from_bytes(hashlib.sha256(image.tobytes()).digest()[:8])
    generator = np.random.default_rng([parameters.seed, content])
    return generator.integers(
        0, 255, len(image), dtype=np.uint8, endpoint=parameters.scaled
    )
