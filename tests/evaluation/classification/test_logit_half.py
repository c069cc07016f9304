import numpy as np
import pytest

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.classification.logit_half import AccuracyAtLogitHalf
from pedigree.evaluation.classification.task import measure
from pedigree.params.evaluate import Bootstrap, EvaluateClassification

NAME = "accuracy_at_logit_half"
LOGITS = np.array([-1.0, 0.2, 0.4, 0.6, 3.0])


def probabilities(logits):
    second = 1 / (1 + np.exp(-logits))
    return np.column_stack([1 - second, second]).astype(np.float32)


def test_it_compares_log_odds_with_one_half():
    labels = np.array([0, 1, 0, 1, 1])
    found = AccuracyAtLogitHalf(probabilities(LOGITS), labels).figures()
    assert found == {NAME: np.mean((LOGITS > 0.5) == labels)}


def test_it_stands_beside_the_accuracy_with_an_interval():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    given = probabilities(rng.normal(labels - 0.3, 1))
    rows = np.arange(400)
    splits = {"validation": Arrays(np.zeros((400, 1)), labels, rows)}
    meta = Meta("tabular", "label", ("no", "yes"), (1,), None, ("x",), (), {}, {})
    parameters = EvaluateClassification(
        task="classification",
        splits=("validation",),
        bootstrap=Bootstrap(resamples=100, confidence=0.95, seed=0),
        accuracy_at_logit_half=True,
    )
    metrics = measure({"validation": given}, splits, meta, parameters)
    figures, intervals = metrics["validation"], metrics["intervals"]["validation"]
    assert figures[NAME] != figures["accuracy"]
    assert intervals[NAME]["low"] < figures[NAME] < intervals[NAME]["high"]
    without = parameters.model_copy(update={"accuracy_at_logit_half": None})
    plain = measure({"validation": given}, splits, meta, without)
    assert NAME not in plain["validation"]
    del figures[NAME], intervals[NAME]
    assert plain == metrics


def test_more_than_two_classes_have_no_such_threshold():
    with pytest.raises(WrongUseError, match="Received: 3 classes"):
        AccuracyAtLogitHalf(np.ones((1, 3), np.float32), np.array([0]))
