"""The same figure of several trainings, by epoch, in one picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.learning_curves import History


def draw_curves(
    histories: Mapping[str, History],
    name: str,
    path: Path,
    *,
    log_x: bool = False,
    smooth: float = 0,
    y_limits: tuple[float, float] | None = None,
) -> None:
    """Draw a colour per training: training as dashes, validation, if any, as a line.

    Args:
        histories: The history of each training by its id; each has the figure.
        name: A column of the histories.
        path: The PNG to write.
        log_x: Whether epochs stand on a logarithmic axis.
        smooth: Standard deviation, in epochs, of the Gaussian that smooths the curves;
            0 leaves them as they are.
        y_limits: The ends of the axis of the figure.
    """
    figure = new_figure(width=9, height=6)
    axes = figure.subplots()
    for number, (experiment, history) in enumerate(histories.items()):
        validation = f"val_{name}"
        styles = {name: "--" if validation in history else "-", validation: "-"}
        for column, style in styles.items():
            if column in history:
                axes.plot(
                    history["epoch"],
                    _smoothed(history[column], smooth),
                    style,
                    color=f"C{number % 10}",
                    label=f"{experiment}, {_meaning(column, history)}",
                )
    axes.set(xlabel="epoch", ylabel=name.replace("_", " "))
    if log_x:
        axes.set_xscale("log")
    if y_limits:
        axes.set_ylim(*y_limits)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save_figure(figure, path)


def _meaning(column: str, history: History) -> str:
    if column.startswith("val_"):
        return "validation"
    # What has no counterpart may belong to no split at all, as the learning rate.
    return "training" if f"val_{column}" in history else column.replace("_", " ")


def _smoothed(values: list[float], deviation: float) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    curve = np.asarray(values, np.float64)
    if not deviation:
        return curve
    smoothed: NDArray[np.float64] = gaussian_filter1d(curve, deviation, mode="nearest")
    return smoothed
