"""The protocols: which rows each training sees, and for how long."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.repeats import read_folds
from pedigree.params.model import Model
from pedigree.params.train import (
    Adam,
    CrossValidation,
    KerasTrain,
    NumpyTrain,
    Refit,
    Sequences,
)
from pedigree.training.folds import fold_splits
from pedigree.training.history import write_history
from pedigree.training.protocol import is_better_larger, train_by_protocol
from pedigree.training.training import Training

PARAMETERS = NumpyTrain(
    library="numpy", loss="mean_squared_error", learning_rate=0.1, epochs=6
)
MODEL = Model(architecture="numpy_net", seed=7)
CROSS = CrossValidation(folds=4, shuffle=False, seed=0)
BEST = Refit(epochs="best", monitor="val_loss")
NAN = float("nan")
SEQUENCES = Sequences(steps=2, partition="random")
KERAS = KerasTrain(
    library="keras",
    loss="binary_crossentropy",
    optimizer=Adam(name="adam", learning_rate=0.1),
    batch_size=4,
    epochs=2,
    seed=0,
    precision="float32",
    xla=False,
)


def rows_of(numbers: Any) -> Arrays:
    rows = np.array(numbers, np.int64)
    x = np.stack([rows, rows**2], axis=1).astype(np.float32)
    return Arrays(x, rows.astype(np.float32), rows)


def meta_of(standardized: int = 0) -> Meta:
    names = ("a", "b")
    return Meta(
        *("tabular", "y", None, (2,), None, names, (), {}, {}),
        standardized=standardized,
    )


class Library:
    """Notes what it is asked to train; validation is best after three epochs.

    Attributes:
        calls: What it was asked.
        further: Figures of the epochs that are validated, by name.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.further: dict[str, list[float]] = {}

    def __call__(
        self,
        model: Model,
        parameters: NumpyTrain,
        meta: Meta,
        splits: Mapping[str, Arrays],
        output: Path,
        key: str,
        on_epoch: Any,
    ) -> list[dict[str, float]]:
        assert meta == meta_of()
        rows = {name: set(each.rows.tolist()) for name, each in splits.items()}
        call = {"seed": model.seed, "epochs": parameters.epochs, "rows": rows}
        self.calls.append({**call, "output": output, "key": key})
        history = []
        for epoch in range(1, parameters.epochs + 1):
            row = {"epoch": epoch, "loss": 1 / epoch}
            if "validation" in splits:
                row["val_loss"] = abs(epoch - 3) + len(self.calls)
                row |= {name: each[epoch - 1] for name, each in self.further.items()}
            history.append(row)
            on_epoch({k: v for k, v in row.items() if k != "epoch"}, epoch)
        output.mkdir(parents=True, exist_ok=True)
        (output / "model.skops").write_text(key, "utf-8")
        return history


@pytest.fixture
def library() -> Library:
    return Library()


def training_of(library: Library, heard: list[int] | None = None, **values: Any) -> Any:
    parameters = PARAMETERS.model_copy(update=values)
    told = [] if heard is None else heard

    def listen(_: Mapping[str, float], epoch: int) -> None:
        told.append(epoch)

    return Training(library, MODEL, parameters, meta_of(), "key", listen)


def test_without_a_protocol_there_is_one_training(
    library: Library, tmp_path: Path
) -> None:
    splits = {"train": rows_of(range(8)), "validation": rows_of([8, 9])}
    outcome = train_by_protocol(training_of(library), splits, tmp_path)
    assert [call["output"] for call in library.calls] == [tmp_path]
    assert outcome.trained_on == ("train",)
    assert len(outcome.history) == 6


def test_repeats_have_seeds_and_folders_of_their_own(
    library: Library, tmp_path: Path
) -> None:
    heard: list[int] = []
    training = training_of(library, heard, repeats=3)
    train_by_protocol(training, {"train": rows_of(range(8))}, tmp_path)
    assert [call["seed"] for call in library.calls] == [7, 8, 9]
    assert len({call["key"] for call in library.calls}) == 3
    assert heard == [1, 2, 3, 4, 5, 6]  # of the experiment's own model alone
    folders = sorted(path.name for path in (tmp_path / "repeats").iterdir())
    assert folders == ["002", "003"]


def test_each_row_validates_once_and_the_last_training_has_all(
    library: Library, tmp_path: Path
) -> None:
    training = training_of(library, cross_validation=CROSS)
    outcome = train_by_protocol(training, {"train": rows_of(range(10))}, tmp_path)
    *folds, whole = (call["rows"] for call in library.calls)
    assert len(folds) == 4
    validated = [row for fold in folds for row in fold["validation"]]
    assert sorted(validated) == list(range(10))
    for fold in folds:
        assert not fold["train"] & fold["validation"]
        assert fold["train"] | fold["validation"] == set(range(10))
    assert whole == {"train": set(range(10))}
    # The mean of four folds, whose figures differ by 1 from one to the next.
    means = [row["val_loss"] for row in outcome.history]
    assert means == [4.5, 3.5, 2.5, 3.5, 4.5, 5.5]
    write_history(tmp_path / "mean.csv", outcome.history)
    lines = (tmp_path / "mean.csv").read_text("utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == [*"123456"]
    figures = read_folds(tmp_path / "folds")
    assert [each["folds"]["val_loss"] for each in figures] == [4, 5, 6, 7]


def test_the_best_mean_epoch_tells_how_long_to_train(
    library: Library, tmp_path: Path
) -> None:
    training = training_of(library, cross_validation=CROSS, refit=BEST)
    train_by_protocol(training, {"train": rows_of(range(10))}, tmp_path)
    assert [call["epochs"] for call in library.calls] == [6, 6, 6, 6, 3]


@pytest.mark.parametrize(("epochs", "expected"), [("best", 3), (5, 5)])
def test_a_refit_trains_on_both_splits(
    library: Library, tmp_path: Path, epochs: Any, expected: int
) -> None:
    splits = {"train": rows_of([1, 3, 5, 7]), "validation": rows_of([0, 2])}
    training = training_of(library, refit=Refit(epochs=epochs, monitor="val_loss"))
    outcome = train_by_protocol(training, splits, tmp_path)
    first, second = library.calls
    assert first["rows"] == {"train": {1, 3, 5, 7}, "validation": {0, 2}}
    assert second["rows"] == {"train": {0, 1, 2, 3, 5, 7}}
    assert second["epochs"] == expected
    assert second["output"] == tmp_path
    assert first["output"] != tmp_path
    assert outcome.trained_on == ("train", "validation")
    assert "val_loss" in outcome.history[0]


@pytest.mark.parametrize(
    ("figure", "values", "expected"),
    [
        ("val_accuracy", [0.5, 0.9, 0.7, 0.9, 0.1, 0.6], 2),
        ("val_loss", [0.5, 0.9, 0.7, 0.2, 0.3, 0.2], 4),
        ("val_loss", [NAN, 0.9, 0.7, 0.2, NAN, 0.3], 4),
        ("val_accuracy", [NAN, 0.2, 0.7, 0.2, float("inf"), 0.3], 3),
    ],
)
def test_a_refit_takes_the_best_of_the_epochs_that_have_the_figure(
    library: Library, tmp_path: Path, figure: str, values: list[float], expected: int
) -> None:
    library.further = {figure: values}
    splits = {"train": rows_of([1, 3, 5, 7]), "validation": rows_of([0, 2])}
    training = training_of(library, refit=Refit(epochs="best", monitor=figure))
    train_by_protocol(training, splits, tmp_path)
    assert library.calls[1]["epochs"] == expected


def test_a_refit_needs_an_epoch_that_has_the_figure(
    library: Library, tmp_path: Path
) -> None:
    library.further = {"val_loss": [NAN] * 6}
    splits = {"train": rows_of([1, 3, 5, 7]), "validation": rows_of([0, 2])}
    with pytest.raises(RefusedError, match="val_loss must be finite in an epoch"):
        train_by_protocol(training_of(library, refit=BEST), splits, tmp_path)


def test_what_is_better_is_what_early_stopping_takes_for_better() -> None:
    import keras

    from pedigree.training.keras.metrics import metrics_of

    two = {"loss": "binary_crossentropy"}
    further = ("binary_crossentropy", "accuracy_at_logit_half")
    for changes in (
        {**two, "metrics": further},
        {"loss": "mean_squared_error"},
        {"loss": "sparse_categorical_crossentropy", "sequences": SEQUENCES},
    ):
        for metric in metrics_of(KERAS.model_copy(update=changes)):
            known = keras.metrics.get(metric) if isinstance(metric, str) else metric
            if metric == "accuracy":
                known = keras.metrics.BinaryAccuracy(name=metric)
            name = known.name
            assert is_better_larger(f"val_{name}") == (known._direction == "up"), name
    assert not is_better_larger("val_loss")


@pytest.mark.parametrize(
    ("values", "validation", "rule"),
    [
        ({"cross_validation": CROSS}, True, "without validation rows"),
        ({"cross_validation": CROSS.model_copy(update={"folds": 9})}, False, "at most"),
        ({"refit": BEST}, False, "with validation rows"),
    ],
)
def test_what_does_not_fit_the_rows_is_refused(
    library: Library, tmp_path: Path, values: Any, validation: bool, rule: str
) -> None:
    splits = {"train": rows_of(range(8))}
    if validation:
        splits["validation"] = rows_of([8, 9])
    with pytest.raises(WrongUseError, match=rule):
        train_by_protocol(training_of(library, **values), splits, tmp_path)


@given(
    rows=st.integers(6, 40),
    folds=st.integers(2, 5),
    shuffle=st.booleans(),
    seed=st.integers(0, 100),
)
@settings(max_examples=50, deadline=None)
def test_a_fold_is_scaled_as_if_it_had_been_prepared_alone(
    rows: int, folds: int, shuffle: bool, seed: int
) -> None:
    """Of columns that all training rows have scaled before."""
    raw = np.random.default_rng(seed).normal(5, 3, (rows, 2))
    scaled = ((raw - raw.mean(axis=0)) / raw.std(axis=0)).astype(np.float32)
    train = Arrays(scaled, np.zeros(rows, np.float32), np.arange(rows))
    parameters = CrossValidation(folds=folds, shuffle=shuffle, seed=seed)
    parts = KFold(folds, shuffle=shuffle, random_state=seed if shuffle else None)
    found = list(fold_splits(train, meta_of(standardized=1), parameters))
    assert len(found) == folds
    for (fitted, validated), splits in zip(parts.split(raw), found, strict=True):
        mean, deviation = raw[fitted].mean(axis=0), raw[fitted].std(axis=0)
        wanted = (raw[validated] - mean) / deviation
        x = splits["validation"].x
        np.testing.assert_allclose(x[:, 0], wanted[:, 0], rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(x[:, 1], scaled[validated, 1])
