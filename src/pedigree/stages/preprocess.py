"""preprocess: raw rows that passed their suite, to prepared arrays."""

import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa

from pedigree.data.duplicates import count_duplicates, number_contents, separate
from pedigree.data.prepared import Arrays, Meta, write_meta, write_split
from pedigree.data.raw import read_splits, take_rows
from pedigree.data.splits import require_class_shares, split_rows
from pedigree.data.transforms import labels
from pedigree.data.verdict import require_success
from pedigree.params.features import Splits, Transform
from pedigree.params.file import read_section
from pedigree.tracking.outcome import log_outcome
from pedigree.tracking.stage import StageRun, run_stage


def main(run: StageRun, features: str, dataset: str) -> None:
    """Split and transform `data/raw/<dataset>` into `data/prepared/<features>`."""
    splits = read_section(Splits, "features", features, "split")
    parameters: Transform = read_section(Transform, "features", features, "transform")  # type: ignore[arg-type]
    transform = import_module(f"pedigree.data.transforms.{parameters.kind}")
    require_success(Path(f"data/validated/{dataset}.json"))
    raw = read_splits(Path("data/raw") / dataset)
    table = pa.concat_tables(raw.values())
    y = labels.encode(parameters.label, table)
    labelled = np.flatnonzero(y != labels.MISSING)
    sizes = {split: rows.num_rows for split, rows in raw.items()}
    drawn = split_rows(splits, labelled, y[labelled], sizes)
    contents = number_contents(table.drop_columns([parameters.label.column]))
    shared = separate(splits.duplicates, drawn, contents)
    class_counts = {
        split: labels.count(parameters.label, y[rows])
        for split, rows in shared._asdict().items()
    }
    tolerance, classes = splits.class_share_tolerance, parameters.label.classes
    require_class_shares(tolerance, classes, class_counts)
    fitted = transform.fit(parameters, table, shared.train)

    folder = Path("data/prepared") / features
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "transform").mkdir(parents=True)
    fitted.save(folder / "transform")
    for split, rows in shared._asdict().items():
        x = fitted.apply(take_rows(table, rows))
        write_split(folder, split, Arrays(x, y[rows], rows))
    meta = Meta(
        kind=parameters.kind,
        label=parameters.label.column,
        classes=classes,
        input_shape=fitted.input_shape,
        divide_by=fitted.divide_by,
        feature_names=fitted.feature_names,
        columns=transform.describe_columns(parameters, table),
        rows={split: sum(counts) for split, counts in class_counts.items()},
        class_counts=class_counts,
        duplicates=count_duplicates(drawn, contents),
        dropped={
            split: len(rows) - sum(class_counts[split])
            for split, rows in drawn._asdict().items()
        },
    )
    write_meta(folder, meta)
    log_outcome(run, "preprocess", features)


if __name__ == "__main__":
    run_stage(main)
