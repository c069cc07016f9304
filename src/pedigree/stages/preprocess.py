"""preprocess: raw rows that passed their suite, to prepared arrays."""

import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from pedigree.data.duplicates import count_duplicates, number_contents, separate
from pedigree.data.prepared import Arrays, Meta, write_meta, write_split
from pedigree.data.raw import ID_COLUMN, read_splits, take_rows
from pedigree.data.splits import (
    Rows,
    require_class_shares,
    require_rows,
    split_rows,
    wanted_splits,
)
from pedigree.data.transforms.targets import read_targets
from pedigree.data.verdict import require_success
from pedigree.data.weights import find_weights, pass_on
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
    folder = Path("data/prepared") / features
    if hasattr(transform, "prepare"):  # a text: what is split is no row of the table
        _empty(folder)
        write_meta(folder, transform.prepare(parameters, splits, table, folder))
        log_outcome(run, "preprocess", features)
        return
    targets = read_targets(parameters, table)
    sizes = {split: rows.num_rows for split, rows in raw.items()}
    drawn = split_rows(splits, targets.known, targets.values[targets.known], sizes)
    # Neither what is predicted nor the number of a row makes it another row.
    told_apart = {targets.column, ID_COLUMN}.intersection(table.column_names)
    contents = number_contents(table.drop_columns(sorted(told_apart)))
    shared = separate(splits.duplicates, drawn, contents)
    require_rows(splits, shared)
    rows = {split: getattr(shared, split) for split in wanted_splits(splits)}
    class_counts = {split: targets.count_classes(rows[split]) for split in rows}
    if targets.classes is not None:
        tolerance = splits.class_share_tolerance
        require_class_shares(tolerance, targets.classes, class_counts)
    weights = find_weights(Path("data/raw") / dataset)
    needed = (weights,) if parameters.kind == "vgg16_features" else ()
    fitted = transform.fit(parameters, table, shared.train, *needed)

    _empty(folder)
    fitted.save(folder / "transform")
    if weights:
        pass_on(weights, folder)
    examples = {}
    for split, numbers in rows.items():
        x, predicted = _examples(fitted, table, numbers)
        write_split(folder, split, Arrays(x, targets.values[predicted], predicted))
        examples[split] = len(predicted)
    meta = Meta(
        kind=parameters.kind,
        target=targets.column,
        classes=targets.classes,
        input_shape=fitted.input_shape,
        divide_by=fitted.divide_by,
        feature_names=fitted.feature_names,
        columns=transform.describe_columns(parameters, table),
        rows=examples,
        class_counts=class_counts if targets.classes is not None else {},
        standardized=getattr(fitted, "standardized", 0),
        duplicates=count_duplicates(drawn, contents),
        dropped={
            split: len(getattr(drawn, split)) - len(numbers)
            for split, numbers in rows.items()
        },
        windows=getattr(fitted, "windows", None),
    )
    write_meta(folder, meta)
    log_outcome(run, "preprocess", features)


def _empty(folder: Path) -> None:
    """Make room, now that nothing is left to refuse."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "transform").mkdir(parents=True)


def _examples(
    fitted: Any, table: pa.Table, numbers: Rows
) -> tuple[npt.NDArray[Any], Rows]:
    """Turn the rows of a split into `x`, and tell which rows are predicted."""
    part = take_rows(table, numbers)
    if hasattr(fitted, "series"):  # windows, which overlap: a row is in many
        return fitted.series(part), fitted.predicted(numbers, table.num_rows)
    return fitted.apply(part), numbers


if __name__ == "__main__":
    run_stage(main)
