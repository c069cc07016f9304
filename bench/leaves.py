"""Time the proof of leaves: what every leaf of a large params.yaml would run again.

usage: python bench/leaves.py [EXPERIMENTS]   (in the root of a checkout)

The entries of the catalogue are repeated under other names until there are as many
experiments as asked for, with a dataset for five of them and features for about two
and a half. Prints the stages, the leaves, the seconds until the pipeline is known, the
seconds for all leaves, and how many of those the processor worked.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from pedigree.catalogue.read import read_catalogue
from pedigree.pipeline import PIPELINE_FILE, Pipeline, replace_leaf
from pedigree.sections import leaves


def main(experiments: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(PIPELINE_FILE, folder)
        entries = repeated(read_catalogue().entries, experiments)
        (folder / "params.yaml").write_text(json.dumps(entries), "utf-8")
        pipeline = Pipeline(folder)
        started = time.perf_counter()
        stages = len(pipeline.stages)
        known, worked = time.perf_counter(), time.process_time()
        paths = list(leaves(pipeline.parameters))
        for path, value in paths:
            other = replace_leaf(pipeline.parameters, path, f"{value}x")
            pipeline.affected(other)
        seconds = time.perf_counter() - known
        print(
            stages, len(paths), known - started, seconds, time.process_time() - worked
        )


def repeated(entries: dict[str, Any], experiments: int) -> dict[str, Any]:
    """The entries under as many names as need be; each refers to its own kind."""
    datasets = dict(copies(entries["datasets"], experiments // 5))
    features = dict(copies(entries["features"], experiments * 2 // 5))
    for name, each in features.items():
        each["dataset"] = alike(each["dataset"], datasets, name)
    trained = dict(copies(entries["experiments"], experiments))
    for name, each in trained.items():
        each["features"] = alike(each["features"], features, name)
    downloads = {
        name: entries["downloads"][original(name)]
        for name in datasets
        if original(name) in entries["downloads"]
    }
    return {
        "downloads": downloads,
        "datasets": datasets,
        "features": features,
        "experiments": trained,
    }


def copies(section: dict[str, Any], count: int) -> Iterator[tuple[str, Any]]:
    names = islice(cycle(section), max(count, len(section)))
    for number, name in enumerate(names):
        yield f"{name}_copy{number}", json.loads(json.dumps(section[name]))


def alike(wanted: str, section: dict[str, Any], user: str) -> str:
    """One of the copies of an entry, another one for another user."""
    names = [name for name in section if original(name) == wanted]
    return names[int(user.rpartition("_copy")[2]) % len(names)]


def original(name: str) -> str:
    return name.rpartition("_copy")[0]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 106)
