"""A space is checked against its experiment before anything is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pedigree.errors import WrongUseError
from pedigree.params.model import Model
from pedigree.params.searches import Search
from pedigree.params.train import KerasTrain, NumpyTrain
from pedigree.sections import parse
from pedigree.training.search.objective import require_objective
from pedigree.training.search.space import STEPS, Space

MakeSearch = Callable[..., Search]


def test_a_cell_has_the_values_of_its_axes_and_the_epochs_of_the_search(
    search: MakeSearch, model: Model, train: KerasTrain
) -> None:
    space = Space("s", search(), model, train)
    cell = space.cell({"rate": 1, "train.batch_size": 0})
    assert cell.values == {"rate": 0.5, "train.batch_size": 8}
    assert cell.leaves == {
        "model.dropout.0": 0.5,
        "model.dropout.1": 0.5,
        "train.batch_size": 8,
    }
    assert cell.model.hyperparameters["dropout"] == [0.5, 0.5]
    assert (cell.train.batch_size, cell.train.epochs) == (8, 2)
    assert cell.train.optimizer == train.optimizer
    assert space.cell({"rate": 1, "train.batch_size": 0}, 5).train.epochs == 5


def test_dvc_confounds_no_two_values_that_a_search_tells_apart(
    search: MakeSearch, model: Model, train: KerasTrain
) -> None:
    """1 and 1.0 are the same to DVC, so they have to be to a search."""
    first, second = (
        Space("s", search(space={"model.dropout.0": values}), model, train)
        for values in ([0, 0.5], [0.0, 0.5])
    )
    numbers = {"model.dropout.0": 0}
    one, other = first.cell(numbers), second.cell(numbers)
    assert repr((one.values, one.leaves)) == repr((other.values, other.leaves))
    assert one.digest == other.digest
    assert type(first.cell(numbers).values["model.dropout.0"]) is float


def test_a_trial_is_one_training_whatever_the_protocol_of_the_experiment(
    search: MakeSearch, model: Model, train: KerasTrain
) -> None:
    repeated = train.model_copy(update={"repeats": 3})
    cell = Space("s", search(), model, repeated).cell(
        {"rate": 0, "train.batch_size": 0}
    )
    assert cell.train.repeats is None


def test_a_value_may_be_a_list(
    search: MakeSearch, model: Model, train: KerasTrain
) -> None:
    entry = search(space={"model.hidden": [[4, 4], [8, 2]]})
    cell = Space("s", entry, model, train).cell({"model.hidden": 1})
    assert cell.model.hyperparameters["hidden"] == [8, 2]


@pytest.mark.parametrize(
    ("leaf", "low", "high", "scale", "steps"),
    [
        ("train.batch_size", 1, 5, "linear", 5),
        ("train.batch_size", 1, 512, "log", 346),
        ("model.dropout.0", 0.0, 0.5, "linear", STEPS),
        ("train.optimizer.learning_rate", 0.0001, 0.1, "log", STEPS),
    ],
)
def test_a_range_has_steps_that_can_be_written_by_hand(
    search: MakeSearch,
    model: Model,
    train: KerasTrain,
    leaf: str,
    low: float,
    high: float,
    scale: str,
    steps: int,
) -> None:
    tuner = {"kind": "random", "max_trials": 2, "seed": 1}
    entry = {leaf: {"min": low, "max": high, "scale": scale}}
    values = Space("s", search(tuner=tuner, space=entry), model, train).axes[0].values
    assert (values[0], values[-1], len(values)) == (low, high, steps)
    assert {type(value) for value in values} == {type(low)}
    again = {leaf: {"min": float(low), "max": float(high), "scale": scale}}
    assert Space("s", search(tuner=tuner, space=again), model, train).axes[
        0
    ].values == (values)
    assert list(values) == sorted(set(values))
    assert all(float(f"{value:.4g}") == value for value in values)


@pytest.mark.parametrize(
    ("space", "rule"),
    [
        ({"model.dropot.0": [0.1]}, "must hold leaves of experiments.small"),
        ({"model.dropout.2": [0.1]}, "must hold leaves of experiments.small"),
        ({"dropout": [0.1]}, "must hold leaves of experiments.small"),
        ({"evaluate.task": ["regression"]}, "must hold leaves of experiments.small"),
        ({"train.optimizer": [1]}, "must hold leaves of experiments.small"),
        ({"train.epochs": [1]}, "must leave alone what all trials share"),
        ({"model.architecture": ["mlp"]}, "must leave alone what all trials share"),
        ({"train.library": ["numpy"]}, "must leave alone what all trials share"),
        (
            {
                "model.dropout.0": [0.1],
                "twice": {"leaves": ["model.dropout.0"], "values": [0.2]},
            },
            "must hold each leaf once",
        ),
        ({"model.dropout.0": [0.1, 1.5]}, "with the values of searches.s.space"),
        ({"model.hidden": [[4, 4], [4]]}, "with the values of searches.s.space"),
        ({"train.batch_size": [0]}, "with the values of searches.s.space"),
        ({"train.batch_size": [8.0]}, "with the values of searches.s.space"),
        ({"train.batch_size": [True]}, "with the values of searches.s.space"),
        ({"model.dropout.0": [0, 0.0]}, "must differ"),
    ],
)
def test_a_space_that_does_not_fit_is_refused(
    search: MakeSearch, model: Model, train: KerasTrain, space: Any, rule: str
) -> None:
    with pytest.raises(WrongUseError) as caught:
        Space("s", search(space=space), model, train)
    assert rule in caught.value.rule
    assert "Received: " in caught.value.rule
    assert len(str(caught.value).splitlines()) == 2


def test_the_closest_leaf_is_named(
    search: MakeSearch, model: Model, train: KerasTrain
) -> None:
    with pytest.raises(WrongUseError, match=r"Close to it: .*model\.dropout\.0"):
        Space("s", search(space={"model.dropot.0": [0.1]}), model, train)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"space": {}}, "at least 1 item"),
        ({"space": {"model.dropout.0": []}}, "at least 1 item"),
        ({"space": {"a": {"leaves": [], "values": [1]}}}, "at least 1 item"),
        ({"space": {"a": {"min": 2, "max": 1, "scale": "log"}}}, "less than max"),
        ({"space": {"a": {"min": 0, "max": 1, "scale": "log"}}}, "more than 0"),
        ({"space": {"a": {"min": 1, "max": 2, "scale": "log"}}}, "a grid must have"),
        ({"space": {"a": 3}}, "dictionary or an instance|valid dictionary|object"),
        ({"tuner": {"kind": "random", "max_trials": 1, "seed": 0}}, "greater than 0"),
        ({"tuner": {"kind": "genetic"}}, "genetic|expected tags"),
        ({"objective": {"metric": "loss", "direction": "up"}}, "'max' or 'min'"),
    ],
)
def test_the_schema_refuses(search: MakeSearch, changes: Any, rule: str) -> None:
    with pytest.raises(WrongUseError, match=rule) as caught:
        search(**changes)
    assert len(str(caught.value).splitlines()) == 2


def test_another_architecture_or_library_is_refused(
    search: MakeSearch, model: Model, train: KerasTrain
) -> None:
    with pytest.raises(WrongUseError, match=r"s\.architecture must be that of its"):
        Space("s", search(architecture="convnet"), model, train)
    numpy = parse(
        NumpyTrain,
        {
            "library": "numpy",
            "loss": "mean_squared_error",
            "learning_rate": 1,
            "epochs": 1,
        },
        Path("params.yaml"),
    )
    with pytest.raises(WrongUseError, match="must be one that Keras trains"):
        Space("s", search(), model, numpy)


@pytest.mark.parametrize("metric", ["loss", "accuracy", "val_loss", "val_accuracy"])
def test_an_objective_is_a_figure_of_each_epoch(
    search: MakeSearch, train: KerasTrain, metric: str
) -> None:
    entry = search(objective={"metric": metric, "direction": "max"})
    require_objective("s", entry, train, validation=True)
    if metric.startswith("val_"):
        with pytest.raises(WrongUseError, match=f"Received: {metric}"):
            require_objective("s", entry, train, validation=False)


@pytest.mark.parametrize("metric", ["test_accuracy", "val_mean_absolute_error", "f1"])
def test_an_objective_that_is_never_told_is_refused(
    search: MakeSearch, train: KerasTrain, metric: str
) -> None:
    entry = search(objective={"metric": metric, "direction": "max"})
    with pytest.raises(WrongUseError) as caught:
        require_objective("s", entry, train, validation=True)
    assert "one of loss, accuracy, val_loss, val_accuracy" in caught.value.rule
    assert len(str(caught.value).splitlines()) == 2
