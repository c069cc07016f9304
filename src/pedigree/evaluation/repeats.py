"""What several trainings come to, of other seeds or other folds: a distribution."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from pedigree.data.prepared import Arrays, Meta
from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.learning_curves import NOT_CURVES, read_history
from pedigree.evaluation.tables import write_csv
from pedigree.models.parts import REPEATS
from pedigree.models.predictor import load_predictor, model_file

Figures = Mapping[str, Mapping[str, float]]


def measure_repeats(
    task: ModuleType,
    folder: Path,
    splits: Mapping[str, Arrays],
    meta: Meta,
    first: Mapping[str, Any],
) -> list[Figures]:
    """Measure the models that were trained with other seeds.

    Args:
        task: The module of the task.
        folder: `models/<experiment>`.
        splits: The prepared arrays of the measured splits.
        meta: What they mean.
        first: What the experiment's own model was measured to be.

    Returns:
        Per model the figures of each split by their names, the experiment's own first.
    """
    repeats: list[Figures] = [{split: _numbers(first[split]) for split in splits}]
    for path in sorted(folder.glob(f"{REPEATS}/*")):
        predictor = load_predictor(model_file(path))
        outputs = {split: task.predict(predictor, splits[split].x) for split in splits}
        figures = {s: task.figures(outputs[s], splits[s], meta) for s in splits}
        repeats.append({split: _numbers(figures[split]) for split in splits})
    return repeats


def _numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """Figures of a split without those of its classes and its number of rows."""
    return {k: v for k, v in figures.items() if isinstance(v, float)}


def summaries(
    repeats: Sequence[Figures], folds: Sequence[Figures], confidence: float
) -> dict[str, Any]:
    """Summarise what there is more than one of: `repeats`, `cross_validation`."""
    found: dict[str, Any] = {}
    if len(repeats) > 1:
        found["repeats"] = summarize(repeats, confidence)
    if folds:
        found["cross_validation"] = summarize(folds, confidence)["folds"]
    return found


def report_repeats(
    repeats: Sequence[Figures],
    folds: Sequence[Figures],
    headline: str,
    plots: Path,
    tables: Path,
) -> None:
    """Write the figures of each model as tables, and draw one of the repeats."""
    if folds:
        write_repeats(folds, tables / "folds.csv")
    if len(repeats) > 1:
        write_repeats(repeats, tables / "repeats.csv")
        draw_repeats(repeats, headline, plots / "repeats.png")


def summarize(repeats: Sequence[Figures], confidence: float) -> dict[str, Any]:
    """Summarise the figures of several models.

    Args:
        repeats: Per model the figures of each split by their names.
        confidence: The confidence of the intervals.

    Returns:
        Per split and figure: `mean`, `deviation` (of the sample), `low` and `high` (the
        interval of the mean by Student's t), `min`, `median` and `max`.
    """
    return {
        split: {
            name: _distribution([each[split][name] for each in repeats], confidence)
            for name in names
            if all(name in each[split] for each in repeats)
        }
        for split, names in repeats[0].items()
    }


def read_folds(folder: Path) -> list[Figures]:
    """Read the figures of the last epoch of each fold; none where there are no folds.

    Args:
        folder: `models/<experiment>/folds`.
    """
    rows = []
    for path in sorted(folder.glob("*/history.csv")):
        history = read_history(path)
        rows.append({name: values[-1] for name, values in history.items()})
    return [
        {"folds": {name: row[name] for name in row if name not in NOT_CURVES}}
        for row in rows
    ]


def _distribution(values: Sequence[float], confidence: float) -> dict[str, float]:
    from scipy import stats

    deviation = float(np.std(values, ddof=1))
    reach = stats.t.ppf((1 + confidence) / 2, len(values) - 1)
    margin = float(reach * deviation / len(values) ** 0.5)
    mean = float(np.mean(values))
    return {
        "mean": mean,
        "deviation": deviation,
        "low": mean - margin,
        "high": mean + margin,
        "min": float(min(values)),
        "median": float(np.median(values)),
        "max": float(max(values)),
    }


def write_repeats(repeats: Sequence[Figures], path: Path) -> None:
    """Write one line per model and split: `repeat`, `split`, then the figures."""
    names = list(dict.fromkeys(n for each in repeats for s in each.values() for n in s))
    lines = [
        (number, split, *(figures.get(name, "") for name in names))
        for number, each in enumerate(repeats, start=1)
        for split, figures in each.items()
    ]
    write_csv(path, ("repeat", "split", *names), lines)


def draw_repeats(repeats: Sequence[Figures], name: str, path: Path) -> None:
    """Draw a figure of each model, split by split: a dot per model, a bar for the mean.

    Args:
        repeats: Per model the figures of each split.
        name: The figure.
        path: The PNG to write.
    """
    figure = new_figure(width=7, height=1.2 + 0.8 * len(repeats[0]))
    axes = figure.subplots()
    splits = list(repeats[0])
    for place, split in enumerate(splits):
        values = np.array([each[split][name] for each in repeats])
        # Spread by their order, so that equal values do not hide each other.
        heights = place + np.linspace(-0.25, 0.25, len(values))
        axes.plot(values, heights, "o", color=f"C{place}", alpha=0.6)
        axes.plot([values.mean()] * 2, [place - 0.35, place + 0.35], color="black")
    axes.set_yticks(range(len(splits)), splits)
    axes.set(xlabel=f"{name}, {len(repeats)} models; a bar is a mean")
    axes.grid(alpha=0.3, axis="x")
    save_figure(figure, path)
