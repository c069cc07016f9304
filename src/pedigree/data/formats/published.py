"""The files of a dataset below `data/external`."""

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import Files

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def published_files(files: Files, folder: Path) -> dict[str, Path]:
    """Find the file of each published split.

    Args:
        files: Which file holds which split.
        folder: `data/external/<dataset>`.

    Raises:
        WrongUseError: If a file is missing.
    """
    paths = {split: folder / name for split, name in files if name is not None}
    for path in paths.values():
        if not path.is_file():
            raise missing_file(path)
    return paths


def missing_file(path: Path) -> WrongUseError:
    """Say that a published file is not there, and how it gets there."""
    dataset = path.parent.name
    return WrongUseError(
        f"{path} must exist. Received: no such file",
        f"Put the file there by hand, or, where `downloads` in params.yaml has "
        f"{dataset}, run `dvc repro fetch@{dataset}`.",
    )


@contextmanager
def opened(folder: Path, *archives: str | None) -> Iterator[Path]:
    """Open archives as one folder, which is gone afterwards.

    Args:
        folder: `data/external/<dataset>`.
        archives: Tar or zip files in it; None stands for the folder as it is.

    Yields:
        A folder with all that the archives hold.

    Raises:
        WrongUseError: If an archive, or the folder, is missing.
        RefusedError: If a file is no whole archive.
    """
    names = [name for name in archives if name is not None]
    for path in (folder / name for name in names or ["."]):
        if not path.exists():
            raise missing_file(path if names else folder / "*")
    if not names:
        yield folder
        return
    with TemporaryDirectory() as scratch:
        for path in (folder / name for name in names):
            try:
                # `data` lets no member out of the folder; zip files never do.
                options = {"filter": "data"} if tarfile.is_tarfile(path) else {}
                shutil.unpack_archive(path, scratch, **options)  # type: ignore[arg-type]
            except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
                raise RefusedError(
                    f"{path} must be a tar or a zip. Received: {error}",
                    "It is truncated or something else: get it again.",
                ) from None
        yield Path(scratch)


def read_image(path: Path, mode: Literal["RGB", "L"]) -> "npt.NDArray[np.uint8]":
    """Decode an image file.

    Args:
        path: A file of any format that Pillow knows.
        mode: Whether it becomes one of three channels, or of one.

    Returns:
        Shape (height, width, channels).

    Raises:
        RefusedError: If it is no whole image.
    """
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert(mode), np.uint8)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise RefusedError(
            f"{path.name} must be an image. Received: {error}",
            "Get the file again, or take it out.",
        ) from None
    return pixels.reshape(*pixels.shape[:2], len(mode))
