"""`pedigree curves`: one figure of several trainings, by epoch, in one picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pedigree.errors import WrongUseError

if TYPE_CHECKING:
    from pedigree.evaluation.learning_curves import History


def curves_command(
    ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Experiments that have run.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The PNG to write.")],
    figure: Annotated[
        str, typer.Option("--figure", help="A column of reports/<id>/history.csv.")
    ] = "loss",
    log_x: Annotated[
        bool, typer.Option("--log-x", help="Put epochs on a logarithmic axis.")
    ] = False,
    smooth: Annotated[
        float,
        typer.Option("--smooth", min=0, help="Smooth by a Gaussian of so many epochs."),
    ] = 0,
    y_limits: Annotated[
        tuple[float, float] | None,
        typer.Option("--y-limits", metavar="LOW HIGH", help="The ends of the y axis."),
    ] = None,
) -> None:
    """Draw a figure of several experiments over the epochs of their trainings."""
    if out.suffix != ".png":
        raise WrongUseError(
            f"--out must name a PNG. Received: {out}", "Let the name end with .png."
        )
    from pedigree.evaluation.curves import draw_curves

    histories = {name: _history(name, figure) for name in ids}
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_curves(histories, figure, out, log_x=log_x, smooth=smooth, y_limits=y_limits)


def _history(experiment: str, figure: str) -> "History":
    """Read what is known of each epoch, the figure included."""
    from pedigree.evaluation.learning_curves import read_history

    path = Path("reports", experiment, "history.csv")
    if not path.exists():
        raise WrongUseError(
            f"ID must be an experiment that was trained here. Received: {experiment!r} "
            f"without {path}",
            f"Run `dvc repro train@{experiment}`.",
        )
    history = read_history(path)
    if figure not in history:
        raise WrongUseError(
            f"--figure must be a column of {path}. Received: {figure!r}",
            f"It has: {', '.join(name for name in history if name != 'epoch')}.",
        )
    return history
