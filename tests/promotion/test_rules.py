"""What the gate says to models that differ by chance, and to those that do not."""

import numpy as np
import pytest
from scipy.stats import norm

from pedigree.errors import WrongUseError
from pedigree.params.promotion import Promotion
from pedigree.promotion.predictions import Predictions
from pedigree.promotion.rules import judge_quality

GATE = {
    "margin": 0.0,
    "significance": 0.05,
    "milliseconds_per_row": 1.0,
    "archive_bytes": 1,
    "expectations": "critical",
    "lineage": "complete",
}
ACCURACY = Promotion(metric="accuracy", minimum=0.0, **GATE)
RESAMPLES = {"resamples": 200, "seed": 0}
PAIRS = 200
CLASSES = ("no", "yes")


def classifiers(generator, rows, accuracies, shared):
    """Two classifiers that err on rows of their own and on rows that are hard to both.

    Args:
        generator: Draws the rows.
        rows: How many there are.
        accuracies: The true accuracy of each.
        shared: How much of what makes a row hard does so for both, from 0 to 1.
    """
    hard = generator.standard_normal(rows)
    labels = generator.integers(0, 2, rows)
    for accuracy in accuracies:
        own = generator.standard_normal(rows)
        difficulty = shared**0.5 * hard + (1 - shared) ** 0.5 * own
        right = difficulty < norm.ppf(accuracy)
        yield classifier(labels, right)


def classifier(labels, right, classes=CLASSES):
    outputs = np.full((len(labels), 2), 0.1, np.float32)
    outputs[np.arange(len(labels)), np.where(right, labels, 1 - labels)] = 0.9
    return Predictions(np.arange(len(labels)), labels, outputs, classes)


def regressors(generator, rows, spreads, shared):
    """Two models that predict numbers, with errors of a common and of an own part."""
    hard = generator.standard_t(4, rows)  # heavy tails, as errors have
    actual = generator.normal(20, 5, rows).astype(np.float32)
    for spread in spreads:
        own = generator.standard_t(4, rows)
        errors = spread * (shared**0.5 * hard + (1 - shared) ** 0.5 * own)
        predicted = (actual + errors).astype(np.float32)
        yield Predictions(np.arange(rows), actual, predicted, None)


def promoted(gate, make, *arguments, pairs=PAIRS):
    generator = np.random.default_rng(2018)
    pairs = (make(generator, *arguments) for _ in range(pairs))
    return sum(judge_quality(gate, *pair).passed for pair in pairs)


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("rows", [100, 1000, 10_000])
def test_of_equal_classifiers_few_are_promoted(rows, shared):
    assert promoted(ACCURACY, classifiers, rows, (0.9, 0.9), shared) <= 0.05 * PAIRS


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
def test_of_better_classifiers_most_are_promoted(shared):
    count = promoted(ACCURACY, classifiers, 10_000, (0.92, 0.9), shared)
    assert count >= 0.9 * PAIRS


@pytest.mark.parametrize(
    "metric", ["mae", pytest.param("rmse", marks=pytest.mark.slow)]
)
def test_of_equal_regressors_few_are_promoted(metric):
    gate = Promotion(metric=metric, maximum=99.0, bootstrap=RESAMPLES, **GATE)
    assert promoted(gate, regressors, 200, (1, 1), 0.5) <= 0.05 * PAIRS


def test_of_better_regressors_most_are_promoted():
    gate = Promotion(metric="mae", maximum=99.0, bootstrap=RESAMPLES, **GATE)
    assert promoted(gate, regressors, 200, (0.7, 1), 0.5, pairs=50) >= 45


def test_log_loss_and_f1_are_compared_by_the_bootstrap():
    generator = np.random.default_rng(1)
    better, worse = classifiers(generator, 400, (0.97, 0.85), 0.5)
    for metric, limit in (("log_loss", "maximum"), ("f1_macro", "minimum")):
        values = {"metric": metric, limit: 0.9, "bootstrap": RESAMPLES}
        gate = Promotion(**values, **GATE)
        findings = judge_quality(gate, better, worse)
        assert findings.passed, findings.reason
        low, high = findings.figures["gain_interval"]
        assert 0 < low < findings.figures["gain"] < high
        assert not judge_quality(gate, worse, better).passed


def rules(gate, candidate, champion=None):
    found = judge_quality(gate, candidate, champion).rules
    return {rule.name: rule.ok for rule in found}


def test_without_a_champion_the_limits_alone_decide():
    labels = np.arange(100) % 2
    candidate = classifier(labels, np.arange(100) >= 10)
    gate = ACCURACY.model_copy(update={"minimum": 0.9})
    assert rules(gate, candidate) == {"accuracy": True}
    gate = ACCURACY.model_copy(update={"minimum": 0.91})
    assert rules(gate, candidate) == {"accuracy": False}


def test_a_gain_must_reach_the_margin_exactly():
    labels = np.arange(1000) % 2
    champion = classifier(labels, np.arange(1000) >= 100)
    candidate = classifier(labels, np.arange(1000) >= 80)
    for margin, holds in ((0.02, True), (0.021, False)):
        gate = ACCURACY.model_copy(update={"margin": margin})
        found = rules(gate, candidate, champion)
        assert found["gain in accuracy over the champion"] is holds
        assert found["p-value of the gain, McNemar's test"]


def test_an_equal_model_and_a_worse_one_gain_nothing():
    labels = np.arange(1000) % 2
    champion = classifier(labels, np.arange(1000) >= 100)
    worse = classifier(labels, np.arange(1000) >= 200)
    for candidate in (champion, worse):
        found = judge_quality(ACCURACY, candidate, champion)
        assert not found.passed
    assert found.figures["p_value"] < 1e-6, "significant, and yet no gain"


def test_the_class_that_is_furthest_below_its_floor_is_named():
    labels = np.arange(100) % 2
    candidate = classifier(labels, (labels == 0) | (np.arange(100) >= 20))
    for floors, ok in (
        (0.8, True),
        (0.81, False),
        ({"no": 1.0}, True),
        ({"no": 1.0, "yes": 0.9}, False),
    ):
        gate = ACCURACY.model_copy(update={"class_floors": {"recall": floors}})
        assert rules(gate, candidate)["recall of each class"] is ok
    reason = judge_quality(gate, candidate, None).reason
    assert reason == "recall of each class must be ≥ 0.9 for yes, and is 0.8000 for yes"


def test_what_the_model_does_not_have_is_wrong_use():
    labels = np.arange(10) % 2
    candidate = classifier(labels, labels == labels)
    for update, said in (
        ({"metric": "auc"}, "metric must be one of accuracy, log_loss"),
        ({"class_floors": {"recall": {"Yes": 0.5}}}, "classes of the model, no, yes"),
    ):
        gate = ACCURACY.model_copy(update=update)
        with pytest.raises(WrongUseError, match=said):
            judge_quality(gate, candidate, None)
    numbers = Predictions(candidate.rows, labels, candidate.outputs[:, 0], None)
    with pytest.raises(WrongUseError, match="must be one of mae, mse, rmse, r2"):
        judge_quality(ACCURACY, numbers, None)


def test_answers_in_another_order_of_classes_are_the_same_answers():
    generator = np.random.default_rng(0)
    one, _ = classifiers(generator, 50, (0.8, 0.8), 0.5)
    other = one.in_order_of(("yes", "no"))
    assert other.answers_the_same_rows(one) and one.answers_the_same_rows(other)
    assert np.array_equal(one.correct, other.correct)
    assert np.array_equal(other.in_order_of(CLASSES).outputs, one.outputs)
    moved = Predictions(one.rows[::-1], one.actual, one.outputs, CLASSES)
    assert not moved.answers_the_same_rows(one)
    assert one.digest("a") == one.digest("a") != one.digest("b")
    assert moved.digest("a") != one.digest("a")
