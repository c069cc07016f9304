"""Images and labels by the real loader of `keras.datasets`, to tables of images."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from pedigree.data import keras_loader
from pedigree.data.formats.published import missing_file
from pedigree.data.raw import table_of_images
from pedigree.params import KerasImagesTable


def read(table: KerasImagesTable, folder: Path) -> dict[str, pa.Table]:
    """Load the published files that were fetched; nothing is downloaded.

    Args:
        table: The section of params.yaml.
        folder: `data/external/<dataset>`.

    Returns:
        A table of images for `train` and for `test`.

    Raises:
        WrongUseError: If there are no files.
        RefusedError: If the loader fails, or misses a file.
    """
    published = sorted(folder.iterdir()) if folder.is_dir() else []
    if not published:
        raise missing_file(folder / "*")
    with TemporaryDirectory() as home:
        keras_loader.place(table.name, published, Path(home))
        examples = keras_loader.load(table.name, Path(home), offline=True)
    return {
        split: table_of_images(images, labels.reshape(-1))
        for split, (images, labels) in examples.items()
    }
