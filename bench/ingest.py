"""How fast a long table of numbers is ingested, and how much memory it needs.

usage: python bench/ingest.py [--rows 1000000] [--rounds 3]

Writes random numbers in the format of the published HIGGS.csv.gz (no header, 29 numbers
of 18 decimals a row, gzip), and times what `ingest` does from these bytes to the
Parquet file, each round in a process of its own. Imports are not counted.
"""

import argparse
import gzip
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FEATURES = 28
ROWS_AT_ONCE = 20_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(_ingest(Path(arguments.once))))
        return
    with tempfile.TemporaryDirectory() as folder:
        _generate(Path(folder, "HIGGS.csv.gz"), arguments.rows)
        rounds = [_run(folder) for _ in range(arguments.rounds)]
    rows = arguments.rows
    print(f"{rows:,} rows, {arguments.rounds} rounds; median (range)")
    for name, unit in (
        ("wall", "rows per second"),
        ("processor", "rows per second of one core"),
    ):
        rates = [rows / each[name] for each in rounds]
        print(_line(unit, rates))
    print(_line("MiB at the peak", [each["peak"] for each in rounds]))


def _generate(path: Path, rows: int) -> None:
    import numpy as np

    generator = np.random.default_rng(0)
    with gzip.open(path, "wt", compresslevel=6) as file:
        for start in range(0, rows, ROWS_AT_ONCE):
            part = min(ROWS_AT_ONCE, rows - start)
            numbers = generator.normal(size=(part, 1 + FEATURES)).astype(np.float32)
            numbers[:, 0] = numbers[:, 0] > 0
            np.savetxt(file, numbers, fmt="%.18e", delimiter=",")


def _run(folder: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--once", folder]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(finished.stdout)


def _ingest(folder: Path) -> dict[str, float]:
    from pedigree.data.formats import csv_numbers
    from pedigree.data.raw import write_split
    from pedigree.params.datasets import CsvNumbersTable, Files

    table = CsvNumbersTable(
        format="csv_numbers",
        files=Files(all="HIGGS.csv.gz"),
        header=False,
        columns=("label", *(f"feature{n}" for n in range(FEATURES))),
        type="float32",
        whole=("label",),
    )
    wall, processor = time.perf_counter(), time.process_time()
    write_split(folder / "raw", "all", csv_numbers.read(table, folder)["all"])
    return {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _line(unit: str, values: list[float]) -> str:
    ends = f"{min(values):,.0f} to {max(values):,.0f}"
    return f"{statistics.median(values):>12,.0f} ({ends}) {unit}"


if __name__ == "__main__":
    main()
