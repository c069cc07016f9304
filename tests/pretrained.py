"""Random weights in the layout of the files that `keras.applications` publishes."""

from pathlib import Path

import h5py
import numpy as np

# Filters of the convolutions of each block of VGG16.
BLOCKS = ([64, 64], [128, 128], [256] * 3, [512] * 3, [512] * 3)


def write_vgg16(path: Path, seed: int = 0) -> None:
    """Write weights for all convolutions, and nothing for the top."""
    generator = np.random.default_rng(seed)
    channels, names = 3, []
    with h5py.File(path, "w") as file:
        for block, filters in enumerate(BLOCKS, start=1):
            for number, width in enumerate(filters, start=1):
                name = f"block{block}_conv{number}"
                shape = (3, 3, channels, width)
                kernel = generator.standard_normal(shape, np.float32)
                arrays = {
                    f"{name}_W_1:0": kernel * np.float32((2 / (9 * channels)) ** 0.5),
                    f"{name}_b_1:0": generator.standard_normal(width, np.float32),
                }
                group = file.create_group(name)
                group.attrs["weight_names"] = [key.encode() for key in arrays]
                for key, array in arrays.items():
                    group[key] = array
                names.append(name.encode())
                channels = width
            names.append(f"block{block}_pool".encode())
            file.create_group(names[-1].decode()).attrs["weight_names"] = []
        file.attrs["layer_names"] = names
