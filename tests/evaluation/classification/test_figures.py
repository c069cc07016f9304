import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from classifiers import CLASSES, flat, make
from pedigree.errors import RefusedError
from pedigree.evaluation.classification.figures import (
    Ranking,
    WeightedFigures,
    split_figures,
)


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
    area = Ranking(scores, positive, np.arange(rows)).area(counts)
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
