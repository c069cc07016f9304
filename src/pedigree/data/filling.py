"""Filling a mirror: the files that `fetch` would download, put where it looks first."""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from pedigree.data.sources.pinned import require_pinned
from pedigree.errors import PedigreeError
from pedigree.params.datasets import Dataset
from pedigree.params.downloads import Download, KerasDownload, RemoteFile

# What is computed, or carried by a package, is no file of a mirror.
WITHOUT_FILES = ("sklearn", "truth_table", "playground_xor", "regression")

# Kinds that make their files out of those of a loader of `keras.datasets`.
FROM_KERAS = ("keras_csv", "keras_csv_grouped")


class Line(NamedTuple):
    """What became of a file.

    Attributes:
        state: `fetched` and `kept` files are in the mirror; one that is to be put there
            `by hand`, or `failed`, is not.
        name: The file, with its folder.
        remark: What to know of it.
    """

    state: Literal["fetched", "kept", "by hand", "failed"]
    name: str
    remark: str = ""


def fill(
    mirror: Path,
    dataset: str,
    datasets: Mapping[str, Dataset],
    downloads: Mapping[str, Download],
) -> Iterator[Line]:
    """Bring the files of a dataset into a mirror, and tell what became of each.

    Files are downloaded beside their folder, checked against their sums and moved: a
    mirror never holds a part of one.

    Args:
        mirror: The folder that `PEDIGREE_MIRROR` is to name.
        dataset: A key of `datasets`.
        datasets: The sections that say how files are read.
        downloads: The sections that say where files come from.
    """
    download = downloads.get(dataset)
    if download is None:
        for name in expected_files(datasets[dataset]):
            remark = "no publisher's sum is known: put it there yourself"
            yield Line("by hand", f"data/external/{dataset}/{name}", remark)
        return
    if download.kind in WITHOUT_FILES:
        return
    folder = getattr(download, "name", dataset)
    if download.kind in FROM_KERAS:
        download = _of_keras(folder, downloads)
    missing = []
    for file in download.files:
        if (mirror / folder / file.name).exists():
            yield _checked(mirror, folder, file)
        else:
            missing.append(file)
    if download.kind == "mirror":
        for file in missing:
            remark = f"no publisher serves it; sha256 {file.sha256}"
            yield Line("by hand", f"{mirror / folder / file.name}", remark)
    elif missing:
        yield from _fetch(mirror, folder, download, missing)


def expected_files(dataset: Dataset) -> list[str]:
    """The names of the files that are read for a dataset without a download."""
    table = dataset.table
    files = getattr(table, "files", None)
    names = [name for _, name in files if name] if files else []
    names += [getattr(table, "archive", None) or ""]
    names += getattr(table, "archives", ())
    weights = getattr(table, "weights", None)
    names += [weights.file] if weights else []
    return [name for name in names if name] or ["*"]


def _checked(mirror: Path, folder: str, file: RemoteFile) -> Line:
    path = mirror / folder / file.name
    try:
        require_pinned(path, file, origin=str(path))
    except PedigreeError as error:
        return Line("failed", str(path), error.rule)
    return Line("kept", str(path))


def _fetch(
    mirror: Path, folder: str, download: Download, missing: list[RemoteFile]
) -> Iterator[Line]:
    """Download what a folder of the mirror lacks."""
    wanted = download.model_copy(update={"files": tuple(missing)})
    source = import_module(f"pedigree.data.sources.{download.kind}")
    mirror.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=mirror, prefix=f".{folder}-") as scratch:
        try:
            source.fetch(wanted, folder, Path(scratch))
            for file in missing:
                require_pinned(Path(scratch, file.name), file, origin="The download")
        except PedigreeError as error:
            for file in missing:
                yield Line("failed", f"{mirror / folder / file.name}", error.rule)
            return
        (mirror / folder).mkdir(exist_ok=True)
        for file in missing:
            target = mirror / folder / file.name
            with Path(scratch, file.name).open("rb") as stream:
                os.fsync(stream.fileno())
            Path(scratch, file.name).replace(target)
            yield Line("fetched", str(target))


def _of_keras(name: str, downloads: Mapping[str, Download]) -> Download:
    """The download of the very files that a loader of Keras reads."""
    return next(
        each
        for each in downloads.values()
        if isinstance(each, KerasDownload) and each.name == name
    )
