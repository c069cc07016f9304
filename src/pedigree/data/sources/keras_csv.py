"""An image dataset of `keras.datasets`, written in the layout of Kaggle's CSVs.

The columns are those of Kaggle's `fashion-mnist_train.csv` and
`fashion-mnist_test.csv`: `label`, then `pixel1` to `pixel784`, row by row of the
image. The rows are in the order of Keras; Kaggle's files hold the same rows in another
order, so that their sums differ, and so do the rows that a seeded split draws.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from pedigree.data.formats import keras as loader
from pedigree.data.sources.pinned import find_mirror
from pedigree.params.downloads import KerasCsvDownload

# A table of this many rows and 785 columns is about 60 MB.
ROWS_AT_ONCE = 10_000


def fetch(download: KerasCsvDownload, dataset: str, folder: Path) -> None:
    """Get the dataset by its real loader and write two CSVs.

    Args:
        download: The section of params.yaml; its files are the training CSV,
            then the test CSV.
        dataset: The folder of the mirror.
        folder: Where the CSVs go.

    Raises:
        RefusedError: If the loader fails.
    """
    mirror = find_mirror(dataset)
    published = sorted(mirror.iterdir()) if mirror else []
    home = folder / ".keras"
    loader.place(download.name, published, home)
    examples = loader.load(download.name, home, offline=False)
    for file, split in zip(download.files, ("train", "test"), strict=True):
        write_csv(folder / file.name, examples[split])


def write_csv(path: Path, examples: loader.Examples) -> None:
    """Write images as one row each: the label, then the pixels.

    Args:
        path: The file to write.
        examples: Images (rows, height, width) and labels (rows,).
    """
    images, labels = examples
    pixels = np.column_stack([labels, images.reshape(len(images), -1)])
    names = ["label", *(f"pixel{n}" for n in range(1, pixels.shape[1]))]
    schema = pa.schema([(name, pa.uint8()) for name in names])
    options = pa_csv.WriteOptions(quoting_header="none")
    with pa_csv.CSVWriter(path, schema, write_options=options) as writer:
        for start in range(0, len(pixels), ROWS_AT_ONCE):
            columns = np.ascontiguousarray(pixels[start : start + ROWS_AT_ONCE].T)
            writer.write_table(pa.table(list(columns), schema=schema))
