"""How long validation takes beyond its imports, and how much memory it needs.

usage: python bench/validation.py [--rounds 5]   (with PEDIGREE_MIRROR)

Reads weatherAUS and Fashion-MNIST from the mirror as `ingest` does, and times what
`validate` does from reading the suite and the raw data to the verdict, each round in a
process of its own. Great Expectations is imported before the clock starts.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

DATASETS = ("weather_aus", "fashion_mnist")
EXPECTATIONS = Path("expectations")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--once", nargs=2, metavar=("DATASET", "FOLDER"))
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(_validate(*arguments.once)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for dataset in DATASETS:
            _ingest(dataset, folder)
        print(f"{arguments.rounds} rounds; median (range)")
        for dataset in DATASETS:
            rounds = [_run(dataset, folder) for _ in range(arguments.rounds)]
            print(
                f"{dataset}: {rounds[0]['rows']:,} rows, {rounds[0]['rules']} results"
            )
            for figure, unit in (("wall", "s"), ("cpu", "s"), ("memory", "MiB")):
                values = [each[figure] for each in rounds]
                spread = f"({min(values):.2f} to {max(values):.2f})"
                print(f"  {figure:7}{statistics.median(values):9.2f} {unit} {spread}")


def _ingest(dataset: str, folder: str) -> None:
    """Write the raw data of a dataset, from its files in the mirror."""
    from pedigree.catalogue.read import read_catalogue
    from pedigree.data.raw import write_split

    table = read_catalogue().parameters.datasets[dataset].table
    module = import_module(f"pedigree.data.formats.{table.format}")
    external = Path(os.environ["PEDIGREE_MIRROR"], dataset)
    for split, rows in module.read(table, external).items():
        write_split(Path(folder, dataset), split, rows)


def _run(dataset: str, folder: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--once", dataset, folder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def _validate(dataset: str, folder: str) -> dict[str, float]:
    from pedigree.data.derived import with_derived
    from pedigree.data.raw import read_splits
    from pedigree.data.statistics import frames_to_check
    from pedigree.data.suite import great_expectations_library, load_suite
    from pedigree.data.validation import make_verdict, run_suite

    great_expectations_library()
    wall, cpu = time.perf_counter(), time.process_time()
    suite = load_suite(EXPECTATIONS / f"{dataset}.yaml")
    tables = read_splits(Path(folder, dataset))
    frames = with_derived(frames_to_check(tables), suite.derived)
    verdict = make_verdict(dataset, suite, frames, run_suite(suite, frames))
    assert verdict["success"]
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": sum(verdict["rows"].values()),
        "rules": len(verdict["results"]),
    }


if __name__ == "__main__":
    main()
