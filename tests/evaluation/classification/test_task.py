import json
from io import StringIO

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from classifiers import CLASSES, flat, make
from pedigree.data.prepared import Arrays, Meta
from pedigree.evaluation.classification import task
from pedigree.evaluation.classification.figures import split_figures
from pedigree.params.evaluate import Bootstrap, EvaluateClassification


def parameters(**changes):
    values = {
        "task": "classification",
        "splits": ("train", "validation", "test"),
        "bootstrap": Bootstrap(resamples=200, confidence=0.95, seed=0),
    }
    return EvaluateClassification(**(values | changes))


def meta(classes=CLASSES):
    return Meta("tabular", "label", classes, (1,), None, ("x",), (), {}, {})


def arrays(labels):
    labels = np.asarray(labels, dtype=np.int64)
    rows = np.arange(len(labels)) * 3
    return Arrays(np.zeros((len(labels), 1), np.float32), labels, rows)


def test_one_row_leaves_out_what_one_row_cannot_tell():
    probabilities = np.array([[0.25, 0.5, 0.25]], np.float32)
    splits = {"test": arrays([1])}
    found = task.measure(
        {"test": probabilities}, splits, meta(), parameters(splits=("test",))
    )
    assert found["test"]["accuracy"] == 1
    assert found["test"]["log_loss"] == pytest.approx(np.log(2))
    assert "roc_auc_macro" not in found["test"]
    intervals = found["intervals"]["test"]
    assert intervals["accuracy"] == {"low": 1, "high": 1}
    assert "roc_auc_macro" not in intervals
    assert "classes.No.recall" not in intervals
    json.dumps(found, allow_nan=False)
    assert len(task.tables(found)) == 2


def test_measure_gives_each_split_its_own_figures_and_the_test_split_intervals():
    names = ("train", "validation", "test")
    made = {name: make(150, seed=seed) for seed, name in enumerate(names)}
    found = task.measure(
        {name: probabilities for name, (_, probabilities) in made.items()},
        {name: arrays(labels) for name, (labels, _) in made.items()},
        meta(),
        parameters(),
    )
    assert set(found) == {*names, "intervals"}
    for name, (labels, probabilities) in made.items():
        assert found[name] == split_figures(probabilities, labels, CLASSES)
    intervals = found["intervals"]["test"]
    tested = flat(found["test"])
    assert set(intervals) == set(tested)
    for name, interval in intervals.items():
        assert interval["low"] < tested[name] < interval["high"]


def test_yardstick_is_measured_only_on_demand():
    labels, probabilities = make(60)
    x = labels[:, np.newaxis].astype(np.float32)
    split = Arrays(x, labels, np.arange(60))
    found = task.measure(
        {"test": probabilities},
        dict.fromkeys(("train", "validation", "test"), split),
        meta(),
        parameters(splits=("test",), yardstick="hist_gradient_boosting"),
    )
    assert found["yardstick"] == {"accuracy": 1, "roc_auc_macro": 1}


def test_predictions_are_complete_and_the_same_bytes_again(tmp_path):
    labels, probabilities = make(50)
    for name in ("a", "b"):
        path = tmp_path / name
        task.write_predictions(path, probabilities, arrays(labels), meta())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    table = pq.read_table(tmp_path / "a")
    assert table.column_names == [
        "row", "label", "predicted",
        "probability_No", "probability_Yes/1", "probability_Maybe",
    ]  # fmt: skip
    assert table["row"].to_pylist() == list(range(0, 150, 3))
    assert table["label"].to_pylist() == [CLASSES[label] for label in labels]
    predicted = [CLASSES[index] for index in probabilities.argmax(axis=1)]
    assert table["predicted"].to_pylist() == predicted
    assert table.schema.field("probability_No").type == "float"
    assert np.array_equal(table["probability_No"].to_numpy(), probabilities[:, 0])


def test_tables_show_every_class_with_its_support():
    labels, probabilities = make(80)
    found = task.measure(
        {"test": probabilities},
        {"test": arrays(labels)},
        meta(),
        parameters(splits=("test",)),
    )
    console = Console(width=80, record=True, file=StringIO())
    console.print(*task.tables(found), sep="\n")
    text = console.export_text()
    for name, entry in found["test"]["classes"].items():
        row = next(line for line in text.splitlines() if f" {name} " in line)
        assert f"{entry['recall']:.4f}" in row
        assert f" {entry['support']} " in row
