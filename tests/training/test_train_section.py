"""The section `train` refuses what its trainings could not follow, before the first."""

from pathlib import Path
from typing import Any

import pytest

from pedigree.errors import WrongUseError
from pedigree.params.train import Train
from pedigree.sections import parse

KERAS: dict[str, Any] = {
    "library": "keras",
    "loss": "categorical_crossentropy",
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "batch_size": 16,
    "epochs": 6,
    "seed": 5,
    "precision": "float32",
    "xla": False,
}
NUMPY: dict[str, Any] = {
    "library": "numpy",
    "loss": "mean_squared_error",
    "learning_rate": 0.1,
    "epochs": 6,
}
TEXT = {
    "loss": "sparse_categorical_crossentropy",
    "sequences": {"steps": 2, "partition": "random"},
}
STOPPING = {"patience": 1, "restore_best_weights": True}
REDUCING = {"patience": 1, "factor": 0.5}
FOLDS = {"folds": 3, "shuffle": False, "seed": 0}


def read(section: Any, **changes: Any) -> Any:
    return parse(Train, {**section, **changes}, Path("params.yaml"), ("train",))  # type: ignore[arg-type]


def best(monitor: str) -> dict[str, str]:
    return {"epochs": "best", "monitor": monitor}


@pytest.mark.parametrize(
    ("section", "changes", "figures"),
    [
        (KERAS, {}, ["loss", "accuracy"]),
        (KERAS, {"loss": "half_squared_error"}, ["loss", "mean_absolute_error"]),
        (KERAS, TEXT, ["loss", "accuracy", "perplexity"]),
        (
            KERAS,
            {"loss": "binary_crossentropy", "metrics": ["accuracy_at_logit_half"]},
            ["loss", "accuracy", "accuracy_at_logit_half"],
        ),
        (NUMPY, {}, ["loss"]),
        (NUMPY, {"loss": "binary_crossentropy"}, ["loss", "accuracy"]),
    ],
)
def test_a_section_knows_what_an_epoch_tells(
    section: Any, changes: Any, figures: list[str]
) -> None:
    train = read(section, **changes)
    assert train.figures(validation=False) == figures
    assert train.figures(validation=True) == [*figures, *(f"val_{n}" for n in figures)]


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        (KERAS, {"refit": best("val_accuracy"), "cross_validation": FOLDS}),
        (KERAS, {"refit": best("loss")}),
        (KERAS, {**TEXT, "early_stopping": {"monitor": "val_perplexity", **STOPPING}}),
        (
            KERAS,
            {"refit": best("loss"), "reduce_learning_rate": {"monitor": "loss"}},
        ),
        (NUMPY, {"refit": best("val_loss")}),
        (
            KERAS,
            {"loss": "binary_crossentropy", "metrics": ["binary_crossentropy"]},
        ),
    ],
)
def test_what_trainings_can_follow_is_accepted(section: Any, changes: Any) -> None:
    if reduce := changes.get("reduce_learning_rate"):
        changes = {**changes, "reduce_learning_rate": {**reduce, **REDUCING}}
    assert read(section, **changes)


@pytest.mark.parametrize(
    ("section", "changes", "rule"),
    [
        (KERAS, {"refit": best("val_acc")}, "refit.monitor must be one of loss, acc"),
        (KERAS, {"refit": best("learning_rate")}, "refit.monitor must be one of"),
        (KERAS, {"refit": best("epoch")}, "refit.monitor must be one of"),
        (KERAS, {"refit": best("val_perplexity")}, "refit.monitor must be one of"),
        (NUMPY, {"refit": best("val_accuracy")}, "refit.monitor must be one of"),
        (
            KERAS,
            {"early_stopping": {"monitor": "val_los", **STOPPING}},
            "early_stopping.monitor must be one of",
        ),
        (
            KERAS,
            {"reduce_learning_rate": {"monitor": "rate", **REDUCING}},
            "reduce_learning_rate.monitor must be one of",
        ),
        *(
            (
                KERAS,
                {
                    "reduce_learning_rate": {"monitor": "val_loss", **REDUCING},
                    **protocol,
                },
                "reduce_learning_rate.monitor must not be of validation",
            )
            for protocol in (
                {"refit": {"epochs": 3, "monitor": "loss"}},
                {"cross_validation": FOLDS},
            )
        ),
        *(
            (KERAS, {"metrics": [name]}, "ask for loss: binary_crossentropy")
            for name in ("binary_crossentropy", "accuracy_at_logit_half")
        ),
    ],
)
def test_what_no_training_can_follow_is_refused(
    section: Any, changes: Any, rule: str
) -> None:
    with pytest.raises(WrongUseError) as caught:
        read(section, **changes)
    assert rule in caught.value.rule
    assert len(str(caught.value).splitlines()) == 2
