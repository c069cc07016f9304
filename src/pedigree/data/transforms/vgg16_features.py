"""Images of any sizes, to what a VGG16 without its top makes of them.

They are computed once, so that a training takes the time of its head alone. Keras runs
on its NumPy backend, unless another one is in use already: preprocess needs no
TensorFlow.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.archives import numpy as archive
from pedigree.data.prepared import Column
from pedigree.data.raw import each_image
from pedigree.data.resizing import resize
from pedigree.data.weights import FILE as WEIGHTS_FILE
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.features import Resize, Vgg16FeaturesTransform

if TYPE_CHECKING:
    import keras

FILE = "vgg16_features.json"
COLOURS = 3
FILTERS = 512
HALVINGS = 5

IMAGES_AT_ONCE = 32


@dataclass(frozen=True)
class Fitted:
    """The transform of one dataset's images.

    Attributes:
        resize: What they are resized to before.
        weights: The file of VGG16's weights without its top.
    """

    resize: Resize
    weights: Path
    divide_by: ClassVar[None] = None
    feature_names: ClassVar[tuple[str, ...]] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the features of an image."""
        sides = (self.resize.height, self.resize.width)
        return (*(side // 2**HALVINGS for side in sides), FILTERS)

    @cached_property
    def _base(self) -> "keras.Model":
        if "keras" not in sys.modules:
            os.environ["KERAS_BACKEND"] = "numpy"
        import keras

        shape = (self.resize.height, self.resize.width, COLOURS)
        return keras.applications.VGG16(
            include_top=False, weights=str(self.weights), input_shape=shape
        )

    def apply(self, table: pa.Table) -> npt.NDArray[np.float32]:
        """Turn raw rows into features.

        Args:
            table: Columns `image`, `height`, `width` and `channels`.

        Returns:
            Shape (rows, *input_shape).

        Raises:
            RefusedError: If an image is not one of three channels.
        """
        features = np.empty((len(table), *self.input_shape), np.float32)
        for start in range(0, len(table), IMAGES_AT_ONCE):
            part = table.slice(start, IMAGES_AT_ONCE)
            features[start : start + len(part)] = self._features(part)
        return features

    def _features(self, table: pa.Table) -> npt.NDArray[np.float32]:
        """Compute the features of a few images."""
        sides = (self.resize.height, self.resize.width, COLOURS)
        images = np.empty((len(table), *sides), np.float32)
        for row, image in enumerate(each_image(table)):
            if image.shape[2] != COLOURS or not image.size:
                raise RefusedError(
                    f"images must have pixels of {COLOURS} channels. Received: an "
                    f"image of shape {image.shape}",
                    "Bring it to the form of those that the model was trained on.",
                )
            images[row] = resize(image, self.resize)
        base = self._base
        from keras.applications.vgg16 import preprocess_input

        return np.asarray(base.predict_on_batch(preprocess_input(images)), np.float32)

    def save(self, folder: Path) -> None:
        """Write the transform with its weights; equal ones give equal bytes."""
        archive.save_json({"resize": self.resize.model_dump()}, folder / FILE)
        shutil.copyfile(self.weights, folder / WEIGHTS_FILE)


def fit(
    parameters: Vgg16FeaturesTransform,
    table: pa.Table,
    train_rows: npt.NDArray[np.int64],
    weights: Path | None,
) -> Fitted:
    """Take the weights: nothing is learned of the rows.

    Args:
        parameters: The section of params.yaml.
        table: All raw rows.
        train_rows: The numbers of the training rows.
        weights: The file of VGG16's weights without its top.

    Raises:
        WrongUseError: If there are no weights.
    """
    del table, train_rows
    if weights is None:
        raise WrongUseError(
            "transform.kind=vgg16_features must have a dataset with pretrained "
            "weights. Received: a dataset without",
            "Name a dataset whose `table.weights` has them.",
        )
    return Fitted(parameters.resize, weights)


def describe_columns(*_: object) -> tuple[Column, ...]:
    """Describe the raw columns that a model takes: none, it takes images."""
    return ()


def load(folder: Path) -> Fitted:
    """Read what `Fitted.save` wrote."""
    data = archive.load_json(folder / FILE)
    return Fitted(Resize.model_validate(data["resize"]), folder / WEIGHTS_FILE)
