"""Trials as lines and as a table, whatever their values are."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pedigree.evaluation.parallel_coordinates import draw_parallel_coordinates
from pedigree.evaluation.trials_table import SHOWN, table_of_trials

MIXED = [
    (1e-4, "relu", [64], True, 0.25),
    (1e-2, "elu", [64, 32], False, 0.25),
    (3e-3, "relu", [], None, 0.25),
]


@pytest.mark.parametrize(
    ("values", "scores"),
    [
        (MIXED, [0.5, 0.25, 0.75]),
        (MIXED[:1], [0.5]),
        ([(place / 7, 1, 1, 1, 1) for place in range(30)], [0.5] * 30),
    ],
)
@pytest.mark.parametrize("smaller_is_better", [True, False])
def test_trials_are_drawn_the_same_each_time(
    tmp_path: Path, values: Any, scores: list[float], smaller_is_better: bool
) -> None:
    drawn = []
    for name in ("one.png", "other.png"):
        path = tmp_path / name
        draw_parallel_coordinates(
            list("abcde"), values, scores, "val_loss", smaller_is_better, path
        )
        drawn.append(path.read_bytes())
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith(b"\x89PNG")


def test_the_table_has_the_best_trials_and_what_failed() -> None:
    rows = [(number, [0.5], 0.25, 3) for number in range(SHOWN + 5)]
    console = Console(width=100)
    with console.capture() as captured:
        console.print(table_of_trials(["rate"], "val_loss", rows))
        console.print(table_of_trials(["rate"], "val_loss", [(1, [0.5], None, None)]))
    text = captured.get()
    assert f"{SHOWN + 5} trials, the best {SHOWN}" in text
    assert text.count("0.2500") == SHOWN
    assert "1       0.5           -       -" in text
