"""Image files, and for each a mask in a file of the same name."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pedigree.data.formats.published import opened, read_image
from pedigree.data.raw import batches_of_images
from pedigree.errors import RefusedError
from pedigree.params.datasets import ImageMasksTable

MaskedImages = Iterator[tuple[npt.NDArray[np.uint8], dict[str, Any]]]


def read(table: ImageMasksTable, folder: Path) -> dict[str, Iterator[pa.RecordBatch]]:
    """Read images with their masks, some at a time.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        The rows of the split `all`, part by part: RGB images of any sizes as
        `pedigree.data.raw` describes them, with the bytes of their masks as `mask`.

    Raises:
        WrongUseError: While reading, if an archive or the folder is missing.
        RefusedError: While reading, if there is no image, one is without a mask or has
            one of another size, or a file is no image.
    """
    images = _images(table, folder)
    return {"all": batches_of_images(images, {"mask": pa.binary()})}


def _images(table: ImageMasksTable, folder: Path) -> MaskedImages:
    with opened(folder, *table.archives) as root:
        paths = sorted(
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if not path.name.startswith(".")
        )
        images = [path for path in paths if fnmatchcase(path, table.images)]
        masks = [path for path in paths if fnmatchcase(path, table.masks)]
        _require_pairs(images, masks, folder)
        pairs = list(zip(images, masks, strict=True))
        if table.shuffle_seed is not None:
            # As published, each list by a generator of this seed: pairs stay pairs.
            Random(table.shuffle_seed).shuffle(pairs)
        for image, mask in pairs:
            pixels = read_image(root / image, "RGB")
            classes = read_image(root / mask, "L")
            if pixels.shape[:2] != classes.shape[:2]:
                raise RefusedError(
                    f"{mask} must have the height and width of its image. Received: "
                    f"{classes.shape[:2]} for {pixels.shape[:2]}",
                    "Get the archives again.",
                )
            yield pixels, {"mask": classes.tobytes()}


def _require_pairs(images: list[str], masks: list[str], folder: Path) -> None:
    """Stop where there is no image, or an image or a mask has no partner."""
    names = [[Path(path).stem for path in paths] for paths in (images, masks)]
    single = sorted(set(names[0]) ^ set(names[1]))
    if not images or names[0] != names[1]:
        raise RefusedError(
            f"{folder} must hold images, and for each a mask of its name. Received: "
            f"{len(images)} images and {len(masks)} masks"
            + (f", {single[0]} alone" if single else ""),
            f"Complete it, or correct datasets.{folder.name}.table in params.yaml.",
        )
