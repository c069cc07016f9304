"""`pedigree show`: rows that were predicted, beside the raw data they come from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE, read_parameters

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SHOWN = 3
TOKENS = "tokens"


def show_command(
    experiment: Annotated[str, typer.Argument(help="Id of an active experiment.")],
    rows: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="ROW...", help="Numbers of raw rows; else the first three."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show predicted rows beside their raw data; tokens as the words they stand for."""
    active = read_parameters()
    if experiment not in active.experiments:
        raise WrongUseError(
            f"ID must be an active experiment. Received: {experiment!r}, which is not "
            f"in {PARAMS_FILE}",
            "`pedigree list` shows which are; `pedigree activate` adds one.",
        )
    features = active.features[active.experiments[experiment].features]
    shown = _read(experiment, features.dataset, rows)
    if as_json:
        content = [each._asdict() for each in shown]
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))
        return
    for each in shown:
        typer.echo(f"row {each.row}")
        # A class by its name, where the raw data have a number for it.
        for name, value in {**each.answer, **each.raw, **each.answer}.items():
            typer.echo(f"  {name}: {value}")


class _Shown(NamedTuple):
    """A raw row and the answer to it."""

    row: int
    answer: dict[str, Any]
    raw: dict[str, Any]


def _read(experiment: str, dataset: str, rows: list[int] | None) -> list[_Shown]:
    import pandas as pd
    import pyarrow as pa

    from pedigree.data.raw import read_splits

    path = Path("reports", experiment, "predictions.parquet")
    if not path.exists():
        raise WrongUseError(
            f"an experiment must have predicted rows to show. Received: {experiment}, "
            f"without {path}",
            f"Run `dvc repro evaluate@{experiment}`.",
        )
    predictions = pd.read_parquet(path).set_index("row")
    chosen = rows or list(map(int, predictions.index.unique()[:SHOWN]))
    unknown = [row for row in chosen if row not in predictions.index]
    if unknown:
        raise WrongUseError(
            f"ROW must be one that was predicted. Received: {unknown[0]}",
            f"{path} has {len(predictions)}, from {predictions.index.min()} to "
            f"{predictions.index.max()}.",
        )
    raw = pa.concat_tables(read_splits(Path("data/raw", dataset)).values())
    return [
        _Shown(row, _answer(predictions.loc[[row]]), _raw(raw.slice(row, 1), dataset))
        for row in chosen
    ]


def _answer(prediction: "pd.DataFrame") -> dict[str, Any]:
    """What was predicted; of the classes, the three most probable ones.

    Of a text there are several predictions in a row, one for each token.
    """
    told = {
        name: values[0] if len(values) == 1 else values
        for name, values in prediction.to_dict("list").items()
    }
    shares = {n: v for n, v in told.items() if str(n).startswith("probability_")}
    likely = sorted(shares, key=lambda name: -shares[name])[:SHOWN]
    return {str(n): v for n, v in told.items() if n not in shares or n in likely}


def _raw(row: "pa.Table", dataset: str) -> dict[str, Any]:
    """The columns of a row; an image by its size, tokens as words where these are."""
    import pyarrow as pa

    from pedigree.data.words import decode, read_words

    told = {}
    for field in row.schema:
        (value,) = row[field.name].to_pylist()
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            value = f"{len(value):,} bytes"
        elif field.name == TOKENS and pa.types.is_list(field.type):
            # Beside the tokens, where the publisher has the words too.
            for path in Path("data/external", dataset).glob("*_word_index.json"):
                value = decode(value, read_words(path))
        told[field.name] = value
    return told
