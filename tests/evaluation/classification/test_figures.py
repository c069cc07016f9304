import json
from io import StringIO

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError
from pedigree.evaluation import classification
from pedigree.evaluation.classification import WeightedFigures, split_figures
from pedigree.params.evaluate import Bootstrap, EvaluateClassification

CLASSES = ("No", "Yes/1", "Maybe")


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


def make(rows, classes=3, seed=0, decimals=None):
    """Labels and probabilities that know something; few decimals make ties."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=rows)
    labels[:classes] = np.arange(classes)[:rows]
    scores = random.random((rows, classes)) + 0.01
    scores[np.arange(rows), labels] += 0.7
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    if decimals is not None:
        probabilities = probabilities.round(decimals)
    return labels, probabilities.astype(np.float32)


def flat(figures):
    """The figures that have intervals, named as the intervals are."""
    names = {name: value for name, value in figures.items() if name != "rows"}
    per_class = names.pop("classes")
    return names | {
        f"classes.{label}.{name}": value
        for label, entry in per_class.items()
        for name, value in entry.items()
        if name != "support"
    }


def test_figures_are_those_of_scikit_learn():
    labels, probabilities = make(300)
    predicted = probabilities.argmax(axis=1)
    figures = split_figures(probabilities, labels, CLASSES)
    report = metrics.classification_report(
        labels, predicted, target_names=CLASSES, output_dict=True
    )
    assert figures["rows"] == 300
    assert figures["accuracy"] == report["accuracy"]
    for average in ("macro", "weighted"):
        for name, theirs in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score")):
            expected = report[f"{average} avg"][theirs]
            assert figures[f"{name}_{average}"] == pytest.approx(expected)
    for name in CLASSES:
        assert figures["classes"][name]["recall"] == report[name]["recall"]
        assert figures["classes"][name]["f1"] == report[name]["f1-score"]
        assert figures["classes"][name]["support"] == report[name]["support"]
    assert figures["log_loss"] == metrics.log_loss(labels, probabilities)
    normed = probabilities.astype(float)
    normed /= normed.sum(axis=1, keepdims=True)
    macro = metrics.roc_auc_score(labels, normed, multi_class="ovr")
    micro = metrics.roc_auc_score(labels, normed, multi_class="ovr", average="micro")
    assert figures["roc_auc_macro"] == pytest.approx(macro, abs=1e-4)
    assert figures["roc_auc_micro"] == pytest.approx(micro, abs=1e-4)


def test_two_classes_of_one_sigmoid_have_the_same_area():
    labels, probabilities = make(200, classes=2)
    figures = split_figures(probabilities, labels, ("No", "Yes"))
    areas = [entry["roc_auc"] for entry in figures["classes"].values()]
    assert areas[0] == pytest.approx(areas[1], abs=1e-6)
    expected = metrics.roc_auc_score(labels, probabilities[:, 1])
    assert figures["roc_auc_macro"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")
@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 40),
    classes=st.integers(2, 5),
    decimals=st.sampled_from([0, 1, None]),
    seed=st.integers(0, 2**32 - 1),
)
def test_weighted_figures_are_those_of_the_repeated_rows(rows, classes, decimals, seed):
    """What sample weights mean: a row that counts twice stands there twice."""
    labels, probabilities = make(rows, classes, seed, decimals)
    names = tuple(f"class {index}" for index in range(classes))
    counts = np.bincount(
        np.random.default_rng(seed).integers(rows, size=rows), minlength=rows
    )
    weighted = WeightedFigures(probabilities, labels, names)
    values = dict(zip(weighted.names, weighted(counts), strict=True))
    repeated = np.repeat(np.arange(rows), counts)
    expected = flat(split_figures(probabilities[repeated], labels[repeated], names))
    defined = {name: value for name, value in values.items() if not np.isnan(value)}
    # scikit-learn's log loss of float32 probabilities is rounded to float32.
    assert defined == pytest.approx(expected, rel=1e-5, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(2, 60),
    levels=st.integers(1, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_area_with_ties_is_that_of_scikit_learn(rows, levels, seed):
    random = np.random.default_rng(seed)
    scores = random.integers(levels, size=rows).astype(np.float32) / levels
    positive = random.random(rows) < 0.5
    counts = random.integers(4, size=rows)
    area = classification.Ranking(scores, positive, np.arange(rows)).area(counts)
    if counts[positive].sum() and counts[~positive].sum():
        expected = metrics.roc_auc_score(positive, scores, sample_weight=counts)
        assert area == pytest.approx(expected, abs=1e-12)
    else:
        assert np.isnan(area)


def test_class_that_is_absent_has_no_figures_and_counts_in_no_average():
    labels, probabilities = make(100)
    present = labels < 2
    figures = split_figures(probabilities[present], labels[present], CLASSES)
    assert figures["classes"]["Maybe"] == {"support": 0}
    entries = [figures["classes"][name] for name in CLASSES[:2]]
    for name, mean in (("recall", "recall_macro"), ("roc_auc", "roc_auc_macro")):
        assert figures[mean] == pytest.approx(np.mean([each[name] for each in entries]))


def test_class_that_is_never_predicted_has_precision_zero():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    figures = split_figures(probabilities, np.array([0, 1]), ("No", "Yes"))
    assert figures["classes"]["Yes"] == {
        "precision": 0, "recall": 0, "f1": 0, "roc_auc": 1, "support": 1
    }  # fmt: skip


def test_one_row_leaves_out_what_one_row_cannot_tell():
    probabilities = np.array([[0.25, 0.5, 0.25]], np.float32)
    splits = {"test": arrays([1])}
    found = classification.measure(
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
    assert len(classification.tables(found)) == 2


@pytest.mark.parametrize(
    ("probabilities", "labels", "rule"),
    [
        ([[0.5, np.nan]], [0], r"probabilities must be in \[0, 1\]"),
        ([[0.5, np.inf]], [0], r"probabilities must be in \[0, 1\]"),
        ([[1.5, -0.5]], [0], r"probabilities must be in \[0, 1\]"),
        ([[0.5, 0.3, 0.2]], [0], r"shape \(1, 2\). Received: \(1, 3\)"),
        (np.zeros((0, 2)), [], "must have rows"),
    ],
)
def test_what_cannot_be_measured_is_refused(probabilities, labels, rule):
    with pytest.raises(RefusedError, match=rule):
        split_figures(
            np.asarray(probabilities, np.float32),
            np.asarray(labels, np.int64),
            ("No", "Yes"),
        )


def test_measure_gives_each_split_its_own_figures_and_the_test_split_intervals():
    names = ("train", "validation", "test")
    made = {name: make(150, seed=seed) for seed, name in enumerate(names)}
    found = classification.measure(
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
    found = classification.measure(
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
        classification.write_predictions(path, probabilities, arrays(labels), meta())
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
    from rich.console import Console

    labels, probabilities = make(80)
    found = classification.measure(
        {"test": probabilities},
        {"test": arrays(labels)},
        meta(),
        parameters(splits=("test",)),
    )
    console = Console(width=80, record=True, file=StringIO())
    console.print(*classification.tables(found), sep="\n")
    text = console.export_text()
    for name, entry in found["test"]["classes"].items():
        row = next(line for line in text.splitlines() if f" {name} " in line)
        assert f"{entry['recall']:.4f}" in row
        assert f" {entry['support']} " in row
