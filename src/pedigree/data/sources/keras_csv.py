"""An image dataset of `keras.datasets`, written in the layout of Kaggle's CSVs.

The columns are those of Kaggle's `fashion-mnist_train.csv` and
`fashion-mnist_test.csv`: `label`, then `pixel1` to `pixel784`, row by row of the
image. The rows are in the order of Keras; Kaggle's files hold the same rows in another
order, so that their sums differ, and so do the rows that a seeded split draws.
"""

from pathlib import Path

from pedigree.data.formats import images_as_csv
from pedigree.data.formats import keras as loader
from pedigree.data.sources.pinned import find_mirror
from pedigree.params.downloads import KerasCsvDownload


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
    examples = loader.load_with_mirror(download.name, find_mirror(dataset), folder)
    for file, split in zip(download.files, ("train", "test"), strict=True):
        images, labels = examples[split]
        images_as_csv.write(folder / file.name, {"label": labels}, images)
