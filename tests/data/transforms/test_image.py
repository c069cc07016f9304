import numpy as np
import pytest

from pedigree.data.raw import table_of_images
from pedigree.data.transforms import image
from pedigree.errors import RefusedError


def test_images_of_another_shape_are_refused():
    fitted = image.Fitted((2, 2, 1), 255.0)
    table = table_of_images(np.zeros((1, 3, 2), np.uint8), np.zeros(1, int))
    with pytest.raises(RefusedError, match=r"\(2, 2, 1\). Received: \(3, 2, 1\)"):
        fitted.apply(table)
