"""Learning curves, and the epoch that was best."""

from pathlib import Path

import pytest

from pedigree.evaluation.learning_curves import (
    LONG,
    best_epoch,
    draw_learning_curves,
    last_epoch,
    read_history,
)


def test_the_best_epoch_is_that_of_validation() -> None:
    history = {
        "epoch": [1.0, 2.0, 3.0],
        "loss": [3.0, 2.0, 1.0],
        "val_loss": [3.0, 2.0, 4.0],
        "val_accuracy": [0.1, 0.2, 0.3],
    }
    assert best_epoch(history) == {
        "epoch": 2,
        "loss": 2,
        "val_loss": 2,
        "val_accuracy": 0.2,
    }
    assert last_epoch(history) == {
        "epoch": 3,
        "loss": 1,
        "val_loss": 4,
        "val_accuracy": 0.3,
    }


def test_without_validation_the_training_loss_tells() -> None:
    assert best_epoch({"epoch": [1.0, 2.0], "loss": [1.0, 2.0]})["epoch"] == 1


@pytest.mark.parametrize("epochs", [1, 5, LONG])
@pytest.mark.parametrize("prefixes", [("",), ("", "val_")])
def test_every_history_is_drawn_and_alike_each_time(
    tmp_path: Path, epochs: int, prefixes: tuple[str, ...]
) -> None:
    history = {"epoch": [float(epoch) for epoch in range(1, epochs + 1)]}
    for prefix in prefixes:
        history[f"{prefix}loss"] = [1 / epoch for epoch in history["epoch"]]
    for name in ("first.png", "second.png"):
        draw_learning_curves(history, tmp_path / name)
    first, second = sorted(tmp_path.iterdir())
    assert first.read_bytes() == second.read_bytes()


def test_columns_are_read_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n1,0.5\n2,0.25\n", "utf-8")
    history = read_history(tmp_path / "history.csv")
    assert history == {"epoch": [1.0, 2.0], "loss": [0.5, 0.25]}
