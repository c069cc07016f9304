"""An image dataset of `keras.datasets`, its classes merged, as a competition's CSVs.

A stand-in for the CSVs of a closed competition on Fashion-MNIST, whose five labels are
not public. The columns are those of its files: in training `Id`, `Label` and `pixel1`
to `pixel784`, in the test `Id` and `pixel0` to `pixel783`, without labels. The rows are
in the order of Keras.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pedigree.data.formats import images_as_csv
from pedigree.data.formats import keras as loader
from pedigree.data.sources.pinned import find_mirror
from pedigree.errors import WrongUseError
from pedigree.params.downloads import KerasCsvGroupedDownload


def fetch(download: KerasCsvGroupedDownload, dataset: str, folder: Path) -> None:
    """Get the dataset by its real loader and write two CSVs.

    The test rows have the first numbers, as the competition's training rows begin at
    the number of its test rows.

    Args:
        download: The section of params.yaml.
        dataset: The folder of the mirror.
        folder: Where the CSVs go.

    Raises:
        RefusedError: If the loader fails.
    """
    examples = loader.load_with_mirror(download.name, find_mirror(dataset), folder)
    (images, labels), (test_images, _) = examples["train"], examples["test"]
    train_file, test_file = download.files
    numbers = np.arange(len(test_images) + len(images), dtype=np.int32)
    merged = merge(labels, download.groups)
    images_as_csv.write(
        folder / train_file.name,
        {"Id": numbers[len(test_images) :], "Label": merged},
        images,
    )
    images_as_csv.write(
        folder / test_file.name,
        {"Id": numbers[: len(test_images)]},
        test_images,
        first_pixel=0,
    )


def merge(
    labels: npt.NDArray[np.integer], groups: tuple[tuple[int, ...], ...]
) -> npt.NDArray[np.uint8]:
    """Give each label the number of its group.

    Args:
        labels: Shape (rows,).
        groups: The labels of group 0, of group 1 and so on.

    Raises:
        WrongUseError: If a label is not in exactly one group.
    """
    grouped = [label for group in groups for label in group]
    present = np.unique(labels).tolist()
    if sorted(grouped) != present:
        raise WrongUseError(
            f"groups must hold each of the labels {present} once. Received: "
            f"{[list(group) for group in groups]}",
            "Correct `groups` in `downloads` of params.yaml.",
        )
    group_of = {label: n for n, group in enumerate(groups) for label in group}
    return np.array([group_of[label] for label in labels.tolist()], np.uint8)
