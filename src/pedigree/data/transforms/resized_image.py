"""Images of any sizes, resized to one; 8 bits stay 8 bits, the model divides them."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Column
from pedigree.data.raw import each_image
from pedigree.data.resizing import resize
from pedigree.errors import RefusedError
from pedigree.params.features import Resize, ResizedImageTransform

FILE = "resized_image.json"


@dataclass(frozen=True)
class Fitted:
    """The transform of one dataset's images.

    Attributes:
        resize: What they are resized to.
        channels: How many channels each has.
        divide_by: What the model divides pixels by; None where it takes 0 to 255.
    """

    resize: Resize
    channels: int
    divide_by: float | None
    feature_names: ClassVar[tuple[str, ...]] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height, width and channels of every image."""
        return (self.resize.height, self.resize.width, self.channels)

    def apply(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        """Turn raw rows into images of one size.

        Args:
            table: Columns `image`, `height`, `width` and `channels`.

        Returns:
            Shape (rows, *input_shape).

        Raises:
            RefusedError: If an image has another number of channels, or is none.
        """
        images = np.empty((len(table), *self.input_shape), np.uint8)
        for row, image in enumerate(each_image(table)):
            if image.shape[2] != self.channels or not image.size:
                raise RefusedError(
                    f"images must have pixels of {self.channels} channels. Received: "
                    f"an image of shape {image.shape}",
                    "Bring it to the form of those that the model was trained on.",
                )
            images[row] = resize(image, self.resize)
        return images

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        data = {
            "resize": self.resize.model_dump(),
            "channels": self.channels,
            "divide_by": self.divide_by,
        }
        archive.save_json(data, folder / FILE)


def fit(
    parameters: ResizedImageTransform,
    table: pa.Table,
    train_rows: npt.NDArray[np.int64],
) -> Fitted:
    """Learn the number of channels.

    Args:
        parameters: The section of params.yaml.
        table: All raw rows.
        train_rows: The numbers of the training rows.
    """
    channels = table["channels"][int(train_rows[0])].as_py()
    return Fitted(parameters.resize, channels, parameters.divide_by)


def describe_columns(*_: object) -> tuple[Column, ...]:
    """Describe the raw columns that a model takes: none, it takes images."""
    return ()


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    data = archive.load_json(folder / FILE)
    resize = Resize.model_validate(data["resize"])
    return Fitted(resize, data["channels"], data["divide_by"])
