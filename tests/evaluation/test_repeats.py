"""What several trainings come to."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pedigree.evaluation.repeats import (
    draw_repeats,
    read_folds,
    summarize,
    write_repeats,
)

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


@given(values=VALUES, confidence=st.sampled_from([0.9, 0.95, 0.99]))
def test_a_distribution_is_that_of_scipy(
    values: list[float], confidence: float
) -> None:
    found = summarize([{"test": {"mse": value}} for value in values], confidence)
    told = found["test"]["mse"]
    assert told["mean"] == pytest.approx(np.mean(values), abs=1e-9)
    assert told["deviation"] == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert (told["min"], told["max"]) == (min(values), max(values))
    assert told["median"] == pytest.approx(np.median(values))
    if told["deviation"] > 1e-6:
        low, high = stats.t.interval(
            confidence, len(values) - 1, np.mean(values), stats.sem(values)
        )
        assert told["low"] == pytest.approx(low, abs=1e-6)
        assert told["high"] == pytest.approx(high, abs=1e-6)


def test_a_figure_that_some_lack_is_left_out() -> None:
    repeats = [{"test": {"mse": 1.0, "r2": 0.5}}, {"test": {"mse": 3.0}}]
    assert set(summarize(repeats, 0.95)["test"]) == {"mse"}


def test_one_line_per_model_and_split(tmp_path: Path) -> None:
    repeats = [
        {"train": {"mse": 1.0}, "test": {"mse": 2.0, "r2": 0.5}},
        {"train": {"mse": 3.0}, "test": {"mse": 4.0}},
    ]
    write_repeats(repeats, tmp_path / "repeats.csv")
    assert (tmp_path / "repeats.csv").read_text("utf-8").splitlines() == [
        "repeat,split,mse,r2",
        "1,train,1.0,",
        "1,test,2.0,0.5",
        "2,train,3.0,",
        "2,test,4.0,",
    ]


def test_a_picture_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    repeats = [{"train": {"mse": float(n)}, "test": {"mse": n + 0.5}} for n in range(9)]
    for name in ("first.png", "second.png"):
        draw_repeats(repeats, "mse", tmp_path / name)
    first, second = sorted(tmp_path.iterdir())
    assert first.read_bytes() == second.read_bytes()


def test_folds_tell_of_their_last_epoch(tmp_path: Path) -> None:
    for name, last in {"001": 0.25, "002": 0.75}.items():
        (tmp_path / name).mkdir()
        content = f"epoch,loss,val_loss,learning_rate\n1,9,8,0.1\n2,1,{last},0.1\n"
        (tmp_path / name / "history.csv").write_text(content, "utf-8")
    assert read_folds(tmp_path) == [
        {"folds": {"loss": 1.0, "val_loss": 0.25}},
        {"folds": {"loss": 1.0, "val_loss": 0.75}},
    ]
    assert read_folds(tmp_path / "none") == []
