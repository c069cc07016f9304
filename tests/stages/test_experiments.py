"""Experiments of every kind of target, from raw rows to a model that answers to them.

Stage after stage in this process; `test_end_to_end.py` has DVC run them.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pedigree.data.prepared import open_split
from pedigree.data.raw import table_of_images, write_split
from pedigree.data.verdict import hash_raw
from pedigree.models.predictor import Outputs, read_outputs
from pedigree.stages import evaluate, preprocess, register, train
from pedigree.tracking import registry
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.stage import StageRun
from pedigree.tracking.store import experiment_id, open_client

BOOTSTRAP = {"resamples": 100, "confidence": 0.95, "seed": 0}
NONE = {"method": "none"}
NUMERIC = {"fill": "mean", "scale": "standard", "flag_missing": True}


def section(model: Any, split: Any, transform: Any, train: Any, evaluate: Any) -> Any:
    """The parameters of one experiment, `one`, on the features `f`."""
    defaults = {"library": "keras", "batch_size": 16, "seed": 0, "xla": False}
    defaults["precision"] = "float32"
    return {
        "features": {
            "f": {"split": {"duplicates": "keep", **split}, "transform": transform}
        },
        "experiments": {
            "one": {
                "model": {"seed": 0, **model},
                "train": {**defaults, **train},
                "evaluate": {"bootstrap": BOOTSTRAP, **evaluate},
                "register": {"model": "one"},
            }
        },
    }


def line(**split: Any) -> Any:
    """A number that depends on two columns, one of which has gaps."""
    return section(
        {"architecture": "mlp", "hidden": [16], "activation": "relu"},
        split,
        {
            "kind": "tabular",
            "target": {"column": "y", "missing": "drop"},
            "fit": "train",
            "numeric": {"columns": ["a", "b"], **NUMERIC},
        },
        {
            "loss": "half_squared_error",
            "optimizer": {"name": "adam", "learning_rate": 0.02},
            "epochs": 15,
        },
        {
            "task": "regression",
            "splits": [
                "train",
                *(["validation"] if split["validation"] != NONE else []),
            ],
            "weights": True,
        },
    )


def pictures(target: str | None) -> Any:
    """Images and two classes of them; with a target, to be given back."""
    model = {
        "architecture": "convnet",
        "blocks": [[4, 1]],
        "kernel": [3],
        "padding": ["same"],
        "pool": [None],
        "activation": "relu",
        "dense": [],
        "include_top": target is None,
    }
    draw = {"method": "stratified", "fraction": 0.25, "seed": 0}
    label = {"column": "label", "values": [0, 1], "classes": ["dark", "bright"]}
    samples = {"number": 6, "columns": 3, "seed": 0}
    shown = {"activation_maps": {"layer": "block1_conv1", "channels": [0], "row": 3}}
    return section(
        model,
        {"test": draw, "validation": draw},
        {"kind": "image", "label": label | {"missing": "refuse"}, "divide_by": 255},
        {
            "loss": "mean_squared_error" if target else "categorical_crossentropy",
            "optimizer": {"name": "adam", "learning_rate": 0.02},
            "epochs": 8,
            **({"target": target} if target else {}),
        },
        {
            "task": "reconstruction" if target else "classification",
            "splits": ["train", "validation", "test"],
            "samples": samples,
            **({} if target else shown),
        },
    )


def rows_of_line() -> pa.Table:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 120))
    y = [None, *(3 * a - b + 2)[1:]]
    gaps = [value if n % 9 else None for n, value in enumerate(b)]
    return pa.table({"a": a, "b": gaps, "y": y, "unused": ["x"] * 120})


def rows_of_pictures() -> pa.Table:
    random = np.random.default_rng(0)
    labels = np.arange(80) % 2
    images = random.integers(0, 120, (80, 6, 5, 1)) + 120 * labels[:, None, None, None]
    return table_of_images(images.astype(np.uint8), labels)


@pytest.fixture
def run_all(store: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the stages on some raw rows, and loads the model that comes out."""
    import mlflow

    client = open_client()
    lessons = experiment_id(client, "lessons")
    tags = {"dvc.key": "0a", "dvc.out.models/one": "0b.dir"}
    trained = RunLog(client, client.create_run(lessons, tags=tags).info.run_id)
    for module in (evaluate, registry):
        monkeypatch.setattr(module, "training_run", lambda _: trained)
    monkeypatch.setattr(register, "sync_ancestors", lambda _: None)

    def run(parameters: Any, table: pa.Table) -> Any:
        Path("params.yaml").write_text(json.dumps(parameters))  # which is YAML too
        write_split(Path("data/raw/d"), "all", table)
        verdict = {"data": hash_raw("d"), "dataset": "d", "suite": "d", "rows": {}}
        Path("data/validated").mkdir()
        Path("data/validated/d.json").write_text(
            json.dumps(verdict | {"success": True, "results": []})
        )
        for stage, arguments in (
            (preprocess, ("f", "d")),
            *((stage, ("one", "f")) for stage in (train, evaluate, register)),
        ):
            own = client.create_run(lessons).info.run_id
            stage.main(StageRun(client, own, "a stage", "0c"), *arguments)
        version = client.get_model_version_by_alias("one", "challenger")
        logged = client.get_logged_model(version.source.removeprefix("models:/"))
        return mlflow.pyfunc.load_model("models:/one@challenger"), version, logged

    assert Path.cwd() == store.parent
    return run


def metrics() -> Any:
    return json.loads(Path("reports/one/metrics.json").read_text())


def history() -> list[dict[str, str]]:
    with Path("reports/one/history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def written() -> set[str]:
    reports = Path("reports/one")
    return {str(each.relative_to(reports)) for each in reports.rglob("*.*")}


ALWAYS = {
    "history.csv",
    "metrics.json",
    "predictions.parquet",
    "registration.json",
    "plots/learning_curves.png",
}


def test_a_number_from_raw_rows(run_all: Callable[..., Any]) -> None:
    table = rows_of_line()
    head = {"method": "head", "rows": 30}
    model, version, logged = run_all(line(test=NONE, validation=head), table)
    assert read_outputs(Path("models/one")) == Outputs("number", ("train",))
    assert {"mean_absolute_error", "val_mean_absolute_error"} <= set(history()[0])
    found = metrics()
    assert set(found) == {
        "train",
        "validation",
        "intervals",
        "best_epoch",
        "last_epoch",
    }
    assert found["validation"]["r2"] > 0.8
    assert found["train"]["rows"] == 89  # and one without a number
    assert written() == ALWAYS | {
        "regression.csv",
        "plots/predictions.png",
        "tables/largest_errors.csv",
        "tables/weights.csv",
    }
    assert version.description.startswith("one on f: validation mae")
    assert logged.model_type == "regressor"

    told = pq.read_table("reports/one/predictions.parquet").to_pandas()
    raw = table.to_pandas().iloc[told["row"]]
    np.testing.assert_array_equal(told["actual"], raw["y"].astype("f4"))
    answer = model.predict(raw.drop(columns="y"))
    assert list(answer.columns) == ["prediction"]
    np.testing.assert_allclose(answer["prediction"], told["predicted"], atol=1e-5)
    (output,) = model.metadata.signature.outputs.to_dict()
    assert (output["name"], output["type"]) == ("prediction", "float")


def test_a_training_on_all_rows_reports_on_them(run_all: Callable[..., Any]) -> None:
    _, version, _ = run_all(line(test=NONE, validation=NONE), rows_of_line())
    assert set(metrics()) == {"train", "intervals", "best_epoch", "last_epoch"}
    assert set(metrics()["intervals"]) == {"train"}
    assert not [name for name in history()[0] if name.startswith("val_")]
    assert version.description.startswith("one on f: train mae")
    assert len(pq.read_table("reports/one/predictions.parquet")) == 119


def test_images_are_given_back(run_all: Callable[..., Any]) -> None:
    model, version, logged = run_all(pictures("input"), rows_of_pictures())
    assert read_outputs(Path("models/one")) == Outputs("input", ("train",))
    found = metrics()
    assert set(found) == {
        "train",
        "validation",
        "test",
        "intervals",
        "best_epoch",
        "last_epoch",
    }
    assert found["test"]["mse"] < 0.1
    assert written() == ALWAYS | {
        "reconstruction.csv",
        "plots/errors.png",
        "plots/samples.png",
        "tables/largest_errors.csv",
    }
    assert version.description.startswith("one on f: test mae")
    assert not logged.model_type  # MLflow has no name for it

    images = np.array(open_split(Path("data/prepared/f"), "test").x)
    answer = model.predict(images)
    assert (answer.shape, answer.dtype) == (images.shape, np.float32)
    errors = ((answer - images / 255) ** 2).mean(axis=(1, 2, 3))
    assert errors.mean() == pytest.approx(found["test"]["mse"], rel=1e-4)
    told = pq.read_table("reports/one/predictions.parquet")
    np.testing.assert_allclose(told["mse"].to_numpy(), errors, rtol=1e-3)


def test_images_are_classified(run_all: Callable[..., Any]) -> None:
    model, version, logged = run_all(pictures(None), rows_of_pictures())
    assert json.loads(Path("models/one/outputs.json").read_text()) == {
        "kind": "classes",
        "trained_on": ["train"],
    }
    assert metrics()["test"]["accuracy"] == 1
    assert written() == ALWAYS | {
        "classification.csv",
        *(f"plots/{name}.png" for name in ("activation_maps", "confusion", "roc")),
        "plots/samples.png",
        "tables/classes.csv",
        "tables/roc.csv",
    }
    assert version.description == "one on f: test accuracy 1.0000"
    assert logged.model_type == "classifier"
    images = np.array(open_split(Path("data/prepared/f"), "test").x)
    told = pq.read_table("reports/one/predictions.parquet")["predicted"].to_pylist()
    assert model.predict(images)["label"].tolist() == told
