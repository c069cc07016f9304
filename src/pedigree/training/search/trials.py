"""What came of the trials of a search: as records, and as files."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from pedigree.errors import RefusedError
from pedigree.params.searches import Objective, as_text

TRIALS_FILE = "trials.csv"
HISTORY_FILE = "history.csv"
BEST_FILE = "best.json"

Row = Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: Which one of the search, from 1.
        values: The value of each axis, by its name.
        leaves: The value of each leaf, by its path below the experiment.
        epochs: How long it was to be trained, at the most.
        history: The figures of each epoch; none if the training was refused.
        failure: Why it was, if it was.
    """

    number: int
    values: Mapping[str, Any]
    leaves: Mapping[str, Any]
    epochs: int
    history: Sequence[Row]
    failure: str = ""

    def best_row(self, objective: Objective) -> Row | None:
        """The figures of the first of the best epochs; None if none is finite."""
        return best_row(self.history, objective)


def best_row(history: Sequence[Row], objective: Objective) -> Row | None:
    """The figures of the first of the best epochs; None if none is finite."""
    rows = [row for row in history if all(map(isfinite, row.values()))]
    choose = max if objective.direction == "max" else min
    return choose(rows, key=lambda row: row[objective.metric], default=None)


def best_trial(trials: Sequence[Trial], objective: Objective, epochs: int) -> Trial:
    """The first of the best trials.

    Args:
        trials: All trials of a search.
        objective: What they are judged by.
        epochs: How long the search trains. Where too many trials fail, Hyperband lets
            none of the others go on for so long.

    Raises:
        RefusedError: If no trial came to the end of that.
    """
    if not any(t.epochs == epochs and t.best_row(objective) for t in trials):
        failures = [trial.failure for trial in trials if trial.failure]
        first = f", the first one because {failures[0]}" if failures else ""
        raise RefusedError(
            f"a search must have a trial that comes to the end of {epochs} epochs. "
            f"Received: {len(trials)} that do not, {len(failures)} of which "
            f"failed{first}",
            "Search among other values.",
        )
    return rank(trials, objective)[0]


def rank(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Sort trials from the best to the worst; those that failed come last."""
    sign = -1 if objective.direction == "max" else 1

    def key(trial: Trial) -> tuple[bool, float, int]:
        row = trial.best_row(objective)
        score = sign * row[objective.metric] if row else 0.0
        return row is None, score, trial.number

    return sorted(trials, key=key)


def write_trials(
    folder: Path, trials: Sequence[Trial], objective: Objective, epochs: int
) -> None:
    """Write `trials.csv`, `history.csv` and `best.json`; no times are in them.

    Args:
        folder: Where they go.
        trials: All trials, in their order.
        objective: What they are judged by.
        epochs: How long the search trains.

    Raises:
        RefusedError: If no trial came to the end of that.
    """
    chosen = best_trial(trials, objective, epochs)
    folder.mkdir(parents=True, exist_ok=True)
    figures = list(dict.fromkeys(k for t in trials for row in t.history for k in row))
    axes = list(trials[0].values)
    header = ["trial", *axes, "objective", "best_epoch", "epochs"]
    header += [f"{which}.{n}" for which in ("best", "last") for n in figures[1:]]
    lines = [_line(trial, objective, figures[1:]) for trial in trials]
    _write_csv(folder / TRIALS_FILE, [*header, "failure"], lines)
    rows = [
        [trial.number, int(row["epoch"]), *(row[name] for name in figures[1:])]
        for trial in trials
        for row in trial.history
    ]
    _write_csv(folder / HISTORY_FILE, ["trial", *figures], rows)
    row = chosen.best_row(objective) or {}
    content = {
        "trial": chosen.number,
        "trials": len(trials),
        "axes": axes,
        "metric": objective.metric,
        "direction": objective.direction,
        "objective": row[objective.metric],
        "best_epoch": int(row["epoch"]),
        "epochs": len(chosen.history),
        "figures": {name: row[name] for name in figures[1:]},
        "values": dict(chosen.leaves),
    }
    text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    (folder / BEST_FILE).write_text(f"{text}\n", "utf-8")


def _line(trial: Trial, objective: Objective, figures: Sequence[str]) -> list[Any]:
    best = trial.best_row(objective)
    values = [as_text(value) for value in trial.values.values()]
    told: list[Any] = [trial.number, *values]
    if best is None:
        told += [""] * (3 + 2 * len(figures))
    else:
        told += [best[objective.metric], int(best["epoch"]), len(trial.history)]
        told += [row[n] for row in (best, trial.history[-1]) for n in figures]
    return [*told, trial.failure]


def _write_csv(
    path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
