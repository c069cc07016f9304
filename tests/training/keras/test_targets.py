import numpy as np
import pytest

from pedigree.data.prepared import Arrays, Meta
from pedigree.params.train import Train
from pedigree.sections import parse
from pedigree.training.keras.targets import (
    ClassTargets,
    InputTargets,
    NumberTargets,
    targets_of,
)

CLASSES = np.array([2, 0, 1])
SOME = np.array([2, 0])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("categorical_crossentropy", [[0, 1, 0], [0, 0, 1]]),
        ("sparse_categorical_crossentropy", [1, 2]),
        ("binary_crossentropy", [[1], [2]]),
    ],
)
def test_classes_have_the_form_of_the_loss(loss, expected):
    targets = ClassTargets(CLASSES, loss, 3)
    assert targets[SOME].tolist() == expected
    assert targets[slice(0, 3)][SOME].tolist() == expected


def test_numbers_are_a_column():
    numbers = NumberTargets(np.array([0.5, 1.5, 2.5]))[SOME]
    assert numbers.tolist() == [[2.5], [0.5]]
    assert numbers.dtype == np.float32


@pytest.mark.parametrize("divide_by", [None, 16.0])
def test_inputs_are_scaled_as_the_model_scales_them(divide_by):
    images = np.arange(24, dtype=np.uint8).reshape(3, 4, 2, 1)
    targets = InputTargets(images, divide_by)[SOME]
    assert targets.dtype == np.float32
    assert np.array_equal(targets, images[SOME] / (divide_by or 1))


def _train(**changes):
    values = {
        "library": "keras",
        "loss": "mean_squared_error",
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "batch_size": 4,
        "epochs": 1,
        "seed": 0,
        "precision": "float32",
        "xla": False,
    }
    return parse(Train, values | changes, "params.yaml")


@pytest.mark.parametrize(
    ("classes", "changes", "expected"),
    [
        (("a", "b", "c"), {"loss": "categorical_crossentropy"}, [[0, 1, 0], [0, 0, 1]]),
        (None, {}, [[1], [2]]),
        (None, {"target": "input"}, [[[3.0]], [[1.0]]]),
        (("a", "b", "c"), {"target": "input"}, [[[3.0]], [[1.0]]]),
    ],
)
def test_what_is_predicted_decides(classes, changes, expected):
    arrays = Arrays(np.array([[[2]], [[4]], [[6]]]), CLASSES, np.arange(3))
    meta = Meta("image", "y", classes, (1, 1), 2.0, (), (), {"train": 3}, {})
    targets = targets_of(arrays, meta, _train(**changes))
    assert targets[SOME].tolist() == expected
