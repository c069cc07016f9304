"""Images resized to a given height and width, whatever their proportions.

No antialiasing: a small image holds some pixels of a large one, or means of
neighbours, as in `tf.image.resize` and so in `keras.utils`.
"""

import numpy as np
import numpy.typing as npt

from pedigree.params.features import Resize

Images = npt.NDArray[np.uint8]


def resize(image: Images, to: Resize) -> Images:
    """Resize an image.

    Bilinear means are rounded to whole numbers: the published recipes leave them as
    they are, which is 0.5 of 255 at the most.

    Args:
        image: Shape (height, width, channels).
        to: The new height and width, and the interpolation.

    Returns:
        Shape (new height, new width, channels).
    """
    if to.interpolation == "nearest":
        return _nearest(image, to)
    rows = _centres(image.shape[0], to.height)
    columns = _centres(image.shape[1], to.width)
    means: npt.NDArray[np.floating] = _between(image, rows, axis=0)
    means = _between(means, columns, axis=1)
    return np.rint(means).astype(np.uint8)


def _nearest(image: Images, to: Resize) -> Images:
    """Take the nearest pixels as Pillow does, which decides between two alike."""
    from PIL import Image

    channels = [
        Image.fromarray(np.ascontiguousarray(image[..., channel])).resize(
            (to.width, to.height), Image.Resampling.NEAREST
        )
        for channel in range(image.shape[2])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def _centres(old: int, new: int) -> npt.NDArray[np.float64]:
    """Where the centres of the new pixels lie among those of the old ones."""
    return np.asarray((np.arange(new) + 0.5) * (old / new) - 0.5, np.float64)


def _between(
    values: npt.NDArray[np.uint8 | np.float32],
    centres: npt.NDArray[np.float64],
    axis: int,
) -> npt.NDArray[np.float32]:
    """Interpolate between neighbours along an axis; beyond the ends, repeat them."""
    last = values.shape[axis] - 1
    below = np.floor(centres).astype(np.int64)
    share = (centres - below).astype(np.float32)
    share = share.reshape([-1 if place == axis else 1 for place in range(values.ndim)])
    low = values.take(below.clip(0, last), axis).astype(np.float32)
    high = values.take((below + 1).clip(0, last), axis).astype(np.float32)
    between: npt.NDArray[np.float32] = low + (high - low) * share
    return between
