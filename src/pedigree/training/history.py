"""The figures of each epoch as a CSV."""

import csv
from collections.abc import Sequence
from pathlib import Path

# The name of a history that stands beside a model.
HISTORY_FILE = "history.csv"


def write_history(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write one line per epoch; no times, so that equal trainings give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, history[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
