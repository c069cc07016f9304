"""Language: what the stage evaluate measures, writes and draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.drawing import new_figure, save_figure
from pedigree.evaluation.figures_table import table_of_figures
from pedigree.evaluation.language.figures import (
    Probabilities,
    WeightedTokens,
    losses_of,
    split_figures,
)
from pedigree.evaluation.measures import measure_splits
from pedigree.evaluation.tables import write_csv, write_parquet
from pedigree.models.predictor import Predictor
from pedigree.params.evaluate import EvaluateLanguage

if TYPE_CHECKING:
    from rich.table import Table

# The figure that tells most.
HEADLINE = "perplexity"


def predict(predictor: Predictor, x: NDArray[Any]) -> Probabilities:
    """Predict each next token from all before it, shape (tokens, vocabulary)."""
    probabilities: Probabilities = predictor(np.asarray(x)[None])[0]
    return probabilities


def figures(
    probabilities: Probabilities, arrays: Arrays, meta: Meta
) -> dict[str, float]:
    """Compute the figures of one split."""
    return split_figures(probabilities, arrays.y, _unit(meta))


def measure(
    predicted: Mapping[str, Probabilities],
    splits: Mapping[str, Arrays],
    meta: Meta,
    parameters: EvaluateLanguage,
) -> dict[str, Any]:
    """Measure each split, and the reported one with intervals.

    Args:
        predicted: Per split, what `predict` returned.
        splits: Per split, the prepared arrays.
        meta: What the tokens are.
        parameters: The section `evaluate` of the experiment.

    Returns:
        The content of `metrics.json`.

    Raises:
        WrongUseError: If the data are no text.
        RefusedError: If a probability is not one.
    """
    if meta.kind != "tokens":
        raise WrongUseError(
            "evaluate.task=language must have the tokens of a text. Received: features "
            f"of the kind {meta.kind}",
            "Correct `evaluate.task` in params.yaml.",
        )
    return measure_splits(
        predicted, splits, meta, parameters, figures=figures, weighted=_weighted
    )


def write_predictions(
    path: Path, probabilities: Probabilities, reported: Arrays, meta: Meta
) -> None:
    """Write the predictions of the reported split as Parquet.

    One line per token, in the order of the text: `row` (of the raw line it stands in),
    `actual` and `predicted` (the likeliest token), and `probability` of the actual one.
    """
    names = np.array(meta.classes)
    columns = {
        "row": reported.rows,
        "actual": names[reported.y],
        "predicted": names[probabilities.argmax(axis=1)],
        "probability": probabilities[np.arange(len(reported.y)), reported.y],
    }
    write_parquet(path, columns)


def write_points(
    path: Path, probabilities: Probabilities, reported: Arrays, meta: Meta
) -> None:
    """Write what `dvc plots` draws: how hard each token was to predict."""
    assert meta.classes
    losses = losses_of(probabilities, reported.y).tolist()
    lines = (
        (meta.classes[n], loss) for n, loss in zip(reported.y, losses, strict=True)
    )
    write_csv(path, ("token", "cross_entropy"), lines)


def write_tables(
    folder: Path, probabilities: Probabilities, reported: Arrays, meta: Meta
) -> None:
    """Write the commonest confusions of one token with another as CSV."""
    assert meta.classes
    guessed = probabilities.argmax(axis=1)
    wrong = guessed != reported.y
    pairs, counts = np.unique(
        np.stack([reported.y[wrong], guessed[wrong]]), axis=1, return_counts=True
    )
    lines = (
        (meta.classes[pairs[0, n]], meta.classes[pairs[1, n]], int(counts[n]))
        for n in np.argsort(-counts, kind="stable")[:20]
    )
    write_csv(folder / "confusions.csv", ("actual", "predicted", "count"), lines)


def draw(
    folder: Path,
    probabilities: Probabilities,
    reported: Arrays,
    meta: Meta,
    parameters: EvaluateLanguage,
) -> None:
    """Draw the cross-entropy along the text and that of each token."""
    del parameters
    assert meta.classes
    losses = losses_of(probabilities, reported.y)
    # A hundred means, where there are so many tokens.
    first = np.arange(0, len(losses), max(1, len(losses) // 100))
    lengths = np.diff(np.append(first, len(losses)))
    counts = np.bincount(reported.y, minlength=len(meta.classes))
    sums = np.bincount(reported.y, losses, minlength=len(meta.classes))
    means = sums / np.maximum(1, counts)
    commonest = np.argsort(-counts, kind="stable")[:30]
    names = [meta.classes[n] for n in commonest if counts[n]]
    canvas = new_figure(width=11, height=4.4)
    along, by_token = canvas.subplots(1, 2)
    along.plot(first, np.add.reduceat(losses, first) / lengths, linewidth=1)
    along.set(
        xlabel=f"place in the text, in {_unit(meta)}s",
        ylabel=f"cross-entropy, means of {lengths[0]}",
    )
    by_token.bar(range(len(names)), means[commonest[: len(names)]])
    by_token.set_xticks(range(len(names)), [repr(n) if n == " " else n for n in names])
    by_token.set(xlabel=f"{_unit(meta)}, the commonest first", ylabel="cross-entropy")
    for axes in (along, by_token):
        axes.axhline(np.log(len(meta.classes)), color="grey", linestyle=":")
        axes.grid(alpha=0.3)
    save_figure(canvas, folder / "cross_entropy.png")


def tables(metrics: Mapping[str, Any]) -> "list[Table]":
    """Lay out the figures of each split, with the intervals of the reported one.

    Args:
        metrics: What `measure` returned.
    """
    (intervals,) = metrics["intervals"].values()
    titles = {name: name.replace("_", " ") for name in intervals}
    return [table_of_figures(metrics, titles)]


def _weighted(
    probabilities: Probabilities, arrays: Arrays, meta: Meta
) -> WeightedTokens:
    return WeightedTokens(probabilities, arrays.y, _unit(meta))


def _unit(meta: Meta) -> str:
    """What a token is: `character` or `word`."""
    return meta.feature_names[0]
