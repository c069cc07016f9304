"""How the trainings of an experiment go together: the protocols of `train`.

Whatever the protocol, the experiment's model ends up in `models/<experiment>` and its
history in `history.csv`; the models of parts of it stand below, each in a folder with
its own history.
"""

from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pedigree.data.prepared import Arrays
from pedigree.errors import RefusedError, WrongUseError
from pedigree.models.parts import FOLDS, REPEATS, VALIDATED
from pedigree.params.train import CrossValidation, Refit
from pedigree.training.folds import fold_splits
from pedigree.training.history import HISTORY_FILE, write_history
from pedigree.training.training import History, Splits, Training


class Outcome(NamedTuple):
    """What a protocol has come to.

    Attributes:
        history: One row of figures per epoch, for `history.csv`: with validation
            figures wherever something was validated.
        trained_on: The splits whose rows the experiment's model has seen.
    """

    history: History
    trained_on: tuple[str, ...]


def is_better_larger(figure: str) -> bool:
    """Whether more of a figure is better, as early stopping has it too."""
    return figure.removeprefix("val_").startswith("accuracy")


def train_by_protocol(training: Training, splits: Splits, output: Path) -> Outcome:
    """Train an experiment's model as its section `train` says.

    Args:
        training: The training.
        splits: The arrays of `train`, and of `validation` where there are any.
        output: `models/<experiment>`.

    Raises:
        WrongUseError: If the protocol does not fit the rows.
    """
    parameters = training.parameters
    if parameters.cross_validation:
        return _cross_validate(training, splits, output)
    if parameters.refit:
        return _refit(training, splits, output, parameters.refit)
    history = training.run(splits, output)
    for number in range(1, parameters.repeats or 1):
        folder = output / REPEATS / f"{number + 1:03}"
        repeat = training.named(folder.name).reseeded(number)
        write_history(folder / HISTORY_FILE, repeat.run(splits, folder))
    return Outcome(history, ("train",))


def _cross_validate(training: Training, splits: Splits, output: Path) -> Outcome:
    """Validate on each fold, then train on all training rows.

    The history is the mean of those of the folds, epoch by epoch: as far as the
    shortest goes, where early stopping ends some earlier.
    """
    parameters = training.parameters
    assert parameters.cross_validation
    train = _require_no_validation(splits, parameters.cross_validation)
    histories = []
    folds = fold_splits(train, training.meta, parameters.cross_validation)
    for number, fold in enumerate(folds, start=1):
        folder = output / FOLDS / f"{number:03}"
        history = training.named(f"fold-{number}").run(fold, folder)
        write_history(folder / HISTORY_FILE, history)
        histories.append(history)
    mean = _mean(histories)
    for row in mean:
        figures = dict(row)
        training.on_epoch(figures, int(figures.pop("epoch")))
    refit = parameters.refit
    epochs = _epochs(refit, mean) if refit else parameters.epochs
    whole = _without_validation(training).with_epochs(epochs)
    write_history(output / HISTORY_FILE, whole.run(splits, output))
    return Outcome(mean, ("train",))


def _refit(training: Training, splits: Splits, output: Path, refit: Refit) -> Outcome:
    """Train with validation rows to see how long, then anew on all rows."""
    if "validation" not in splits:
        raise WrongUseError(
            "train.refit must follow a training with validation rows. Received: "
            "features without any",
            "Correct `features.*.split.validation` in params.yaml, or add "
            "`train.cross_validation`.",
        )
    folder = output / VALIDATED
    validated = training.named(VALIDATED, training.on_epoch)
    history = validated.run(splits, folder)
    write_history(folder / HISTORY_FILE, history)
    epochs = _epochs(refit, history)
    whole = _without_validation(training).with_epochs(epochs)
    rows = {"train": _joined(splits["train"], splits["validation"])}
    write_history(output / HISTORY_FILE, whole.run(rows, output))
    return Outcome(history, ("train", "validation"))


def _without_validation(training: Training) -> Training:
    """The last training: nothing is validated, and nothing ends it early."""
    return training.named("whole").without(
        "cross_validation", "refit", "early_stopping"
    )


def _epochs(refit: Refit, history: History) -> int:
    """How long to train: the number given, or until the first of the best epochs.

    Raises:
        RefusedError: If the figure is never a finite number.
    """
    if refit.epochs != "best":
        return refit.epochs
    rows = [row for row in history if isfinite(row[refit.monitor])]
    if not rows:
        raise RefusedError(
            f"{refit.monitor} must be finite in an epoch, to refit until the best. "
            f"Received: {history[-1][refit.monitor]} after each",
            "Lower the learning rate, or look at the data's ranges.",
        )
    choose = max if is_better_larger(refit.monitor) else min
    best = choose(rows, key=lambda row: row[refit.monitor])
    return max(1, int(best["epoch"]))


def _mean(histories: list[History]) -> History:
    """The mean of each figure over histories, epoch by epoch."""
    return [
        {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        | {"epoch": rows[0]["epoch"]}
        for rows in zip(*histories, strict=False)
    ]


def _joined(train: Arrays, validation: Arrays) -> Arrays:
    """The rows of both splits in the order of the raw data."""
    rows = np.concatenate([train.rows, validation.rows])
    order = np.argsort(rows, kind="stable")
    return Arrays(
        np.concatenate([train.x, validation.x])[order],
        np.concatenate([train.y, validation.y])[order],
        rows[order],
    )


def _require_no_validation(splits: Splits, parameters: CrossValidation) -> Arrays:
    if "validation" in splits:
        raise WrongUseError(
            "train.cross_validation must have features without validation rows: each "
            "fold validates once. Received: features with validation rows",
            "Set `features.*.split.validation: {method: none}` in params.yaml.",
        )
    train = splits["train"]
    if len(train.y) < parameters.folds:
        raise WrongUseError(
            f"train.cross_validation.folds must be at most the number of training "
            f"rows, {len(train.y)}. Received: {parameters.folds}",
            "Correct it in params.yaml, or get more data.",
        )
    return train
