"""What is measured in each epoch, and what the schema says of it."""

import keras
import numpy as np
import pytest

from pedigree.params.train import Train
from pedigree.sections import parse
from pedigree.training.keras.metrics import metrics_of

TEXT = {"sequences": {"steps": 2, "partition": "random"}}


def parameters(loss, **changes):
    values = {
        "library": "keras",
        "loss": loss,
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "batch_size": 16,
        "epochs": 6,
        "seed": 5,
        "precision": "float32",
        "xla": False,
    }
    return parse(Train, values | changes, "params.yaml")


@pytest.mark.parametrize(
    ("loss", "changes"),
    [
        ("sparse_categorical_crossentropy", {}),
        ("sparse_categorical_crossentropy", TEXT),
        ("categorical_crossentropy", {}),
        ("binary_crossentropy", {}),
        (
            "binary_crossentropy",
            {"metrics": ["binary_crossentropy", "accuracy_at_logit_half"]},
        ),
        ("half_squared_error", {}),
        ("mean_squared_error", {}),
    ],
)
def test_the_schema_names_what_is_measured(loss, changes):
    train = parameters(loss, **changes)
    names = [getattr(metric, "name", metric) for metric in metrics_of(train)]
    assert ["loss", *names] == train.figures(validation=False)


def test_half_is_a_logit_where_the_name_says_so():
    train = parameters("binary_crossentropy", metrics=["accuracy_at_logit_half"])
    accuracy, at_logit_half = metrics_of(train)
    assert accuracy == "accuracy"
    logits = np.array([[-2.0], [0.2], [0.499], [0.501], [3.0]], np.float32)
    actual = np.array([[0], [1], [0], [1], [0]], np.float32)
    at_logit_half.update_state(actual, keras.ops.sigmoid(logits))
    assert float(at_logit_half.result()) == pytest.approx(3 / 5)
