"""ingest: original bytes, to one Parquet file per published split."""

import shutil
from importlib import import_module
from pathlib import Path

from pedigree.data.raw import write_split
from pedigree.data.weights import pass_on, require_weights
from pedigree.params.datasets import Table
from pedigree.params.file import read_section
from pedigree.tracking.outcome import log_outcome
from pedigree.tracking.stage import StageRun, run_stage


def main(run: StageRun, dataset: str) -> None:
    """Read `data/external/<dataset>` and write `data/raw/<dataset>`."""
    table: Table = read_section(Table, "datasets", dataset, "table")  # type: ignore[arg-type]
    module = import_module(f"pedigree.data.formats.{table.format}")
    splits = module.read(table, Path("data/external") / dataset)
    folder = Path("data/raw") / dataset
    shutil.rmtree(folder, ignore_errors=True)
    for split, rows in splits.items():
        write_split(folder, split, rows)
    if weights := getattr(table, "weights", None):
        pass_on(require_weights(Path("data/external") / dataset, weights), folder)
    log_outcome(run, "ingest", dataset)


if __name__ == "__main__":
    run_stage(main)
