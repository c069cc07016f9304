"""Images: 8 bits stay 8 bits, the model divides them."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Column
from pedigree.data.raw import images_of
from pedigree.errors import RefusedError
from pedigree.params.features import ImageTransform

FILE = "image.json"


@dataclass(frozen=True)
class Fitted:
    """The transform of one dataset's images.

    Attributes:
        input_shape: Height, width and channels of every image.
        divide_by: What the model divides pixels by.
    """

    input_shape: tuple[int, ...]
    divide_by: float
    feature_names: ClassVar[tuple[str, ...]] = ()

    def apply(self, table: pa.Table) -> npt.NDArray[np.uint8]:
        """Turn raw rows into images.

        Args:
            table: Columns `image`, `height`, `width` and `channels`.

        Returns:
            Shape (rows, height, width, channels).

        Raises:
            RefusedError: If the images have another shape than the fitted ones.
        """
        images = images_of(table)
        if images.shape[1:] != self.input_shape:
            raise RefusedError(
                f"images must have the shape {self.input_shape}. Received: "
                f"{images.shape[1:]}",
                "Bring the images to the shape that the model was trained on.",
            )
        return images

    def save(self, folder: Path) -> None:
        """Write the transform; equal transforms give equal bytes."""
        archive.save_json(asdict(self), folder / FILE)


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
    return Fitted(tuple(first.shape[1:]), parameters.divide_by)


def describe_columns(*_: object) -> tuple[Column, ...]:
    """Describe the raw columns that a model takes: none, it takes images."""
    return ()


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    data = archive.load_json(folder / FILE)
    return Fitted(tuple(data["input_shape"]), data["divide_by"])
