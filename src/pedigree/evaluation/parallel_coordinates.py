"""Parallel coordinates: each trial of a search as a line through its values."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of the distance between two values of a choice, lines spread over this share.
SPREAD = 0.5
# An axis with more values than this is one of numbers, not of choices.
CHOICES = 12


def draw_parallel_coordinates(
    names: Sequence[str],
    values: Sequence[Sequence[Any]],
    scores: Sequence[float],
    objective: str,
    smaller_is_better: bool,
    path: Path,
) -> None:
    """Draw a vertical line for each axis and, on the right, one for the objective.

    Lines through the same choice lie side by side, the better the higher, so that one
    sees where the good ones come from. The best is drawn on top.

    Args:
        names: The names of the axes.
        values: For each trial, its value of each axis.
        scores: For each trial, what it has reached.
        objective: What that is called.
        smaller_is_better: Whether small scores are good.
        path: The PNG to write.
    """
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    reached: NDArray[np.float64] = np.asarray(scores, np.float64)
    order = np.argsort(-reached if smaller_is_better else reached, kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(len(order)) / max(len(order) - 1, 1)

    figure = new_figure(width=2.2 * (len(names) + 1), height=5)
    axes = figure.subplots()
    heights = []
    for place, name in enumerate(names):
        positions, ticks = _place([trial[place] for trial in values], ranks)
        heights.append(positions)
        _draw_axis(axes, place, name, ticks)
    positions, ticks = _place_numbers(reached)
    heights.append(positions)
    _draw_axis(axes, len(names), objective, ticks, ticks_on_the_right=True)

    norm, colors = Normalize(0, 1), colormaps["viridis"]
    for trial in order:
        is_best = trial == order[-1]
        axes.plot(
            range(len(heights)),
            [height[trial] for height in heights],
            color="C3" if is_best else colors(norm(ranks[trial])),
            linewidth=3 if is_best else 1.2,
        )
    axes.set(xlim=(-0.5, len(names) + 0.5), ylim=(-0.02, 1.02))
    axes.set_title(f"{len(scores)} trials; the best one is red", pad=58, fontsize=10)
    axes.axis("off")
    save_figure(figure, path)


def _place(
    values: Sequence[Any], ranks: NDArray[np.float64]
) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """The heights of an axis's values, from 0 to 1, and its ticks."""
    numeric = all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in values
    )
    named = (
        values if numeric else [v if isinstance(v, str) else repr(v) for v in values]
    )
    distinct = sorted(set(named)) if numeric else list(dict.fromkeys(named))
    if numeric and len(distinct) > CHOICES:
        return _place_numbers(np.asarray(values, np.float64))
    step = 1 / len(distinct)
    middles = {value: (i + 0.5) * step for i, value in enumerate(distinct)}
    heights = np.array([middles[value] for value in named])
    ticks = [(middle, str(value)) for value, middle in middles.items()]
    return heights + (ranks - 0.5) * SPREAD * step, ticks


def _place_numbers(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Numbers by themselves, or by their logarithms where they span decades."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.full(len(values), 0.5), [(0.5, f"{low:.3g}")]
    if low > 0 and high / low > 30:
        heights = np.log(values / low) / np.log(high / low)
        marks = np.geomspace(low, high, 5)
    else:
        heights = (values - low) / (high - low)
        marks = np.linspace(low, high, 5)
    ticks = [(i / 4, f"{mark:.3g}") for i, mark in enumerate(marks)]
    return heights, ticks


def _draw_axis(
    axes: "Axes",
    place: int,
    name: str,
    ticks: Sequence[tuple[float, str]],
    ticks_on_the_right: bool = False,
) -> None:
    axes.plot([place, place], [0, 1], color="0.3", linewidth=1, zorder=0)
    # Long paths are broken at their dots.
    axes.text(place, 1.04, name.replace(".", ".\n"), ha="center", va="bottom")
    side = 1 if ticks_on_the_right else -1
    for height, text in ticks:
        axes.text(
            place + 0.04 * side,
            height,
            text,
            ha="left" if ticks_on_the_right else "right",
            va="center",
            fontsize="small",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 1},
        )
