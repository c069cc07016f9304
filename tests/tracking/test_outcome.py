"""What a validate run tells: the share of expectations met, rows, missing values."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pedigree.data.raw import table_of_images, write_split
from pedigree.tracking.outcome import log_outcome
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.store import open_client

TABLES = {
    "a table": pa.table({"a": [1, None, 3, 4], "worst (%)": ["x", None, None, ""]}),
    "no rows": pa.table(
        {"a": pa.array([], pa.int64()), "worst (%)": pa.array([], pa.string())}
    ),
    "no value": pa.table({"a": pa.nulls(2), "worst (%)": pa.nulls(2, pa.string())}),
    "categories": pa.table(
        {
            "a": pa.array(["x", None, "x"]).dictionary_encode(),
            "worst (%)": [True, False, None],
        }
    ),
    "sequences": pa.table(
        {"a": [[1, 2, None], None, []], "worst (%)": [{"x": [1]}, {"x": None}, None]}
    ),
    "names with dots": pa.table({"a.b": [[1], None], "a": [1.0, 2.0]}),
}
SHARES = {
    "a table": {"a": 0.25, "worst ___": 0.5},
    "no rows": {},
    "no value": {"a": 1, "worst ___": 1},
    "categories": {"a": 1 / 3, "worst ___": 1 / 3},
    "sequences": {"a": 1 / 3, "worst ___": 1 / 3},
    "names with dots": {"a.b": 0.5, "a": 0},
}


@pytest.fixture
def run(store: Path) -> RunLog:  # noqa: ARG001
    client = open_client()
    experiment = client.create_experiment("quickstart")
    return RunLog(client, client.create_run(experiment).info.run_id)


def logged(run: RunLog, *met: bool) -> dict[str, float]:
    path = Path("data/validated/d.json")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"results": [{"success": one} for one in met]}))
    log_outcome(run, "validate", "d")
    return dict(run.client.get_run(run.run_id).data.metrics)


@pytest.mark.parametrize("kind", TABLES)
def test_missing_values_are_counted_in_every_kind_of_column(
    run: RunLog, kind: str
) -> None:
    write_split(Path("data/raw/d"), "train", TABLES[kind])
    metrics = logged(run, True, False, True, True)
    assert metrics.pop("expectations") == 4
    assert metrics.pop("expectations.met") == 0.75
    assert metrics.pop("train.rows") == TABLES[kind].num_rows
    shares = {f"train.missing.{name}": share for name, share in SHARES[kind].items()}
    assert metrics == pytest.approx(shares)


def test_a_file_without_statistics_is_read(run: RunLog) -> None:
    folder = Path("data/raw/d")
    folder.mkdir(parents=True)
    table = TABLES["a table"]
    pq.write_table(table, folder / "all.parquet", write_statistics=False)
    assert logged(run, True)["all.missing.a"] == 0.25


def test_row_groups_and_splits_are_counted_apart(run: RunLog) -> None:
    folder = Path("data/raw/d")
    folder.mkdir(parents=True)
    table = pa.table({"a": [None, 1] * 50, "b": [[1], None] * 50})
    pq.write_table(table, folder / "train.parquet", row_group_size=7)
    write_split(folder, "test", table.slice(0, 1))
    metrics = logged(run, True)
    assert metrics["train.missing.a"] == metrics["train.missing.b"] == 0.5
    assert (metrics["test.missing.a"], metrics["test.missing.b"]) == (1, 0)


def test_images_and_long_names(run: RunLog) -> None:
    import numpy as np

    images = table_of_images(np.ones((3, 2, 2), np.uint8), np.arange(3))
    long = images.append_column("x" * 300, pa.array([1, None, None]))
    write_split(Path("data/raw/d"), "all", long.append_column("x" * 299, long["label"]))
    metrics = logged(run, True)
    assert metrics["all.missing.image"] == 0
    assert len([name for name in metrics if "xxx" in name]) == 1
