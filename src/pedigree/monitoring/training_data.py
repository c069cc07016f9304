"""The raw rows that a model version was trained on, found by its lineage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from pedigree.data.raw import read_splits, take_rows
from pedigree.errors import WrongUseError
from pedigree.lineage.ancestry import Ancestry
from pedigree.lineage.storage import Storage
from pedigree.serving.version import find_stage


def read_training_rows(ancestry: Ancestry) -> pa.Table:
    """Read the raw rows that a version was trained on.

    The bytes are those that its lineage names: of the workspace where they are there,
    else of DVC's cache.

    Args:
        ancestry: What the version descends from.

    Raises:
        WrongUseError: If they are in neither place.
    """
    from dvc.repo import Repo

    preprocess = find_stage(ancestry, "preprocess")
    (prepared,) = (
        item
        for item in ancestry.training.data.items()
        if item[0].startswith("data/prepared/")
    )
    (raw,) = (
        item for item in preprocess.data.items() if item[0].startswith("data/raw/")
    )
    with Repo() as repo:
        storage = Storage(repo)
        with _recorded(storage, *prepared) as folder:
            rows = np.load(folder / "train" / "rows.npy", allow_pickle=False)
        with _recorded(storage, *raw) as folder:
            return take_rows(pa.concat_tables(read_splits(folder).values()), rows)


@contextmanager
def _recorded(storage: Storage, path: str, value: str) -> Iterator[Path]:
    """Find a folder whose content has a hash."""
    if storage.fault_in_workspace(path, value) is None:
        yield Path(path)
    elif storage.is_cached(value):
        with TemporaryDirectory(prefix="pedigree-monitor-") as temporary:
            storage.copy_from_cache(value, Path(temporary))
            yield Path(temporary)
    else:
        raise WrongUseError(
            f"{path} must be there as it was when the model was trained. Received: "
            f"another version, and {value} is not in DVC's cache",
            "`dvc pull`, or `dvc checkout` after `git checkout` of its commit.",
        )
