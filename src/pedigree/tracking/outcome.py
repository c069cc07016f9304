"""What a run tells about the outputs of its stage, read from the outputs themselves.

A stage that has run and `pedigree sync` after a `dvc pull` log the same this way.
"""

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pedigree.tracking.manifest import sha256_of
from pedigree.tracking.run_log import RunLog, dotted_leaves, metrics_of

# The tag of a source file: its name follows, its sha256 is the value.
SOURCE_TAG = "source.sha256."

# More source files than this are tagged as one: the sha256 of what sha256sum prints.
SOURCES_AT_MOST = 20


# The figures of an evaluation that stand on the run of the training too.
TOLD_OF_THE_TRAINING = (
    "test.",
    "validation.",
    "best_epoch.",
    "last_epoch.",
    "cross_validation.",
    "repeats.",
)


def log_outcome(run: RunLog, stage: str, key: str) -> None:
    """Log what the present outputs of a stage hold.

    Args:
        run: The run to log to.
        stage: The stage. What `train` and `register` log is logged as it happens.
        key: What it ran for: a dataset, features, a search or an experiment.
    """
    if stage == "fetch":
        files = list(Path("data/external", key).iterdir())
        size = sum(each.stat().st_size for each in files)
        run.log_metrics({"files": len(files), "bytes": size})
    elif stage == "ingest":
        rows = {split: file.metadata.num_rows for split, file in _parquet_files(key)}
        run.log_metrics({f"rows.{split}": count for split, count in rows.items()})
        run.set_tags(_source_tags(Path("data/external", key)))
    elif stage == "validate":
        _log_verdict(run, key)
    elif stage == "preprocess":
        meta = _read_json(Path("data/prepared", key, "meta.json"))
        counts = {name: meta.get(name) for name in ("rows", "duplicates", "dropped")}
        run.log_metrics(dict(dotted_leaves({k: v for k, v in counts.items() if v})))
    elif stage == "tune":
        _log_best_trial(run, Path("reports/search", key))
    elif stage == "evaluate":
        figures = read_figures(key)
        run.log_metrics(figures)
        run.log_artifact(Path("reports", key, "predictions.parquet"))
        run.log_artifact(Path("reports", key, "plots"))
        run.log_artifact(Path("reports", key, "tables"))


def _log_best_trial(run: RunLog, folder: Path) -> None:
    """Log what the best trial reached, by what values, and all files of the search."""
    best = _read_json(folder / "best.json")
    figures = {f"best.{name}": value for name, value in best["figures"].items()}
    counts = {name: best[name] for name in ("trials", "objective", "best_epoch")}
    run.log_metrics({**counts, **figures, "best.trial": best["trial"]})
    values = best["values"].items()
    run.set_tags({f"best.{leaf}": json.dumps(value) for leaf, value in values})
    for path in sorted(folder.iterdir()):
        run.log_artifact(path)


def log_test_figures(trained: RunLog, experiment: str) -> None:
    """Log the figures and plots of an evaluation onto the run of the training.

    One row of the UI then holds the whole experiment.

    Args:
        trained: The run of the training.
        experiment: Key of the experiment.
    """
    trained.log_metrics(
        {
            name: value
            for name, value in read_figures(experiment).items()
            if name.startswith(TOLD_OF_THE_TRAINING)
        }
    )
    trained.log_artifact(Path("reports", experiment, "plots"))
    trained.log_artifact(Path("reports", experiment, "tables"))


def log_history(trained: RunLog, experiment: str) -> None:
    """Log the figures of each epoch from the history of a training, in one batch."""
    metrics = []
    path = Path("reports", experiment, "history.csv")
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            epoch = int(row.pop("epoch"))
            metrics += metrics_of({k: float(v) for k, v in row.items()}, epoch)
    trained.commit_metrics(metrics)


def read_figures(experiment: str) -> dict[str, float]:
    """Read `metrics.json` of an experiment by its dotted names."""
    return dict(dotted_leaves(_read_json(Path("reports", experiment, "metrics.json"))))


def _log_verdict(run: RunLog, dataset: str) -> None:
    """Log the verdict, the share of expectations met and of values that are missing."""
    path = Path("data/validated", f"{dataset}.json")
    met = [result["success"] for result in _read_json(path)["results"]]
    metrics = {"expectations": len(met), "expectations.met": sum(met) / len(met)}
    for split, file in _parquet_files(dataset):
        rows = metrics[f"{split}.rows"] = file.metadata.num_rows
        if rows:
            metrics |= {
                f"{split}.missing.{column}": nulls / rows
                for column, nulls in _null_counts(file).items()
            }
    run.log_metrics(metrics)
    run.log_artifact(path)


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _source_tags(folder: Path) -> dict[str, str]:
    """Name the source files by their sha256, many of them by one sum of their sums."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {str(path.relative_to(folder)): sha256_of(path) for path in paths}
    if len(sums) > SOURCES_AT_MOST:
        lines = "".join(f"{value}  {name}\n" for name, value in sums.items())
        together = hashlib.sha256(lines.encode()).hexdigest()
        sums = {f"{len(sums)} files": together}
    return {f"{SOURCE_TAG}{name}": value for name, value in sums.items()}


def _parquet_files(dataset: str) -> Iterator[tuple[str, Any]]:
    """Open each split of the raw data, by the split's name."""
    from pyarrow.parquet import ParquetFile

    for path in sorted(Path("data/raw", dataset).glob("*.parquet")):
        with ParquetFile(path) as file:
            yield path.stem, file


def _null_counts(file: Any) -> dict[str, int]:
    """Count the missing values of each column.

    Parquet's statistics know the count where a column is flat. Those of a list count
    its items, and a file may have none: such a column is read.
    """
    from pyarrow.types import is_nested

    known = _counts_of_statistics(file.metadata)
    counts = {}
    for field in file.schema_arrow:
        count = None if is_nested(field.type) else known.get(field.name)
        if count is None:
            count = file.read([field.name])[field.name].null_count
        counts[field.name] = count
    return counts


def _counts_of_statistics(metadata: Any) -> dict[str, int | None]:
    """Sum the counts over the row groups; None where one of them has none."""
    counts: dict[str, int | None] = {}
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            name, statistics = column.path_in_schema, column.statistics
            so_far = counts.get(name, 0)
            if so_far is None or statistics is None or not statistics.has_null_count:
                counts[name] = None
            else:
                counts[name] = so_far + statistics.null_count
    return counts
