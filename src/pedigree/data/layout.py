"""Where in an image its light is: what a turned or mirrored image gets wrong."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def layout_statistics(images: npt.NDArray[np.uint8]) -> dict[str, Floats]:
    """Describe the layout of images of one shape.

    - `blank_rows`, `blank_columns`: the share of them that are 0 throughout
    - `centre_row`, `centre_column`: where the centre of the light is, from 0 (the
      first) to 1 (the last); missing if all is dark

    They are shares, so images of different heights and widths can be compared.

    Args:
        images: Shape (images, height, width, channels).

    Returns:
        Statistics by name, each of shape (images,).
    """
    light_of_rows = images.sum(axis=(2, 3), dtype=np.uint32)
    light_of_columns = images.sum(axis=(1, 3), dtype=np.uint32)
    return {
        "blank_rows": (light_of_rows == 0).mean(axis=1),
        "blank_columns": (light_of_columns == 0).mean(axis=1),
        "centre_row": _centres(light_of_rows),
        "centre_column": _centres(light_of_columns),
    }


def _centres(light: npt.NDArray[np.uint32]) -> Floats:
    """Find the centre of each row of weights, as a share of the way along it."""
    total = light.sum(axis=1, dtype=np.float64)
    moment = light @ np.linspace(0, 1, light.shape[1])
    centres: Floats = np.full(len(light), np.nan)
    np.divide(moment, total, out=centres, where=total > 0)
    return centres
