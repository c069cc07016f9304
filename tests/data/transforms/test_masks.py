"""What is to be predicted where every pixel has a class."""

import numpy as np
import pyarrow as pa
import pytest

from pedigree.data.raw import batches_of_images
from pedigree.data.transforms.targets import read_targets
from pedigree.errors import RefusedError
from pedigree.params.features import Masks, Resize, ResizedImageTransform

MASKS = Masks(column="mask", values=(1, 2, 3), classes=("pet", "ground", "outline"))
TO_2_X_3 = Resize(height=2, width=3, interpolation="bilinear")
PARAMETERS = ResizedImageTransform(
    kind="resized_image", masks=MASKS, resize=TO_2_X_3, divide_by=255.0
)


def table_of(*masks: np.ndarray) -> pa.Table:
    images = ((np.zeros((*m.shape, 3), np.uint8), {"mask": m.tobytes()}) for m in masks)
    return pa.Table.from_batches(batches_of_images(images, {"mask": pa.binary()}))


SMALL = np.array([[1, 2, 3], [3, 3, 3]], np.uint8)
LARGE = SMALL.repeat(4, axis=0).repeat(5, axis=1)


def test_a_mask_becomes_class_indices_and_no_mixture() -> None:
    targets = read_targets(PARAMETERS, table_of(SMALL, LARGE))
    assert (targets.column, targets.classes) == ("mask", MASKS.classes)
    assert targets.values.dtype == np.uint8
    np.testing.assert_array_equal(targets.values, [SMALL - 1, SMALL - 1])
    assert targets.known.tolist() == [0, 1]
    assert targets.count_classes(np.array([1])) == (1, 1, 4)
    assert targets.count_classes(np.array([0, 1])) == (2, 2, 8)


def test_a_value_that_is_no_class_is_refused() -> None:
    with pytest.raises(RefusedError, match="others in row 1"):
        read_targets(PARAMETERS, table_of(SMALL, SMALL - 1))


def test_masks_that_are_not_there_are_refused() -> None:
    with pytest.raises(RefusedError, match="must have the column mask"):
        read_targets(PARAMETERS, table_of(SMALL).drop_columns(["mask"]))


def test_there_is_one_thing_to_predict() -> None:
    values = PARAMETERS.model_dump()
    with pytest.raises(ValueError, match="either a label or masks"):
        ResizedImageTransform.model_validate({**values, "masks": None})
