"""`pedigree summary`: the layers of an experiment's model and its parameter counts."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigree.catalogue.read import read_catalogue, require_known
from pedigree.errors import WrongUseError
from pedigree.params.datasets import CsvImagesTable, KerasTable
from pedigree.params.experiments import Experiment
from pedigree.params.features import TabularTransform, TokensTransform, Transform
from pedigree.params.file import Parameters, read_parameters

if TYPE_CHECKING:
    import keras

# What every loader of `keras.datasets` that is images in one channel returns.
KERAS_IMAGES = (28, 28, 1)


def summary_command(
    experiment_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of an experiment.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the layers of a model and its counts of parameters."""
    holder = _holder(experiment_id)
    experiment = holder.experiments[experiment_id]
    shape = input_shape(holder, experiment.features)
    summary = {"id": experiment_id, **_describe(_build(holder, experiment, shape))}
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _print_table(summary)


def input_shape(parameters: Parameters, features: str) -> tuple[int | None, ...]:
    """The shape of one prepared example, from the parameters where they tell.

    Of a text, it is that of a sequence of any length.

    Raises:
        WrongUseError: If it depends on the data, and these are not prepared.
    """
    entry = parameters.features[features]
    table = parameters.datasets[entry.dataset].table
    if isinstance(table, KerasTable):
        return KERAS_IMAGES
    if isinstance(table, CsvImagesTable):
        return (table.height, table.width, 1)
    transform = entry.transform
    if isinstance(transform, TokensTransform):
        return (None, 1)
    if isinstance(transform, TabularTransform) and _is_countable(transform):
        assert transform.numeric is not None
        return (len(transform.numeric.columns),)
    meta = Path("data/prepared", features, "meta.json")
    if not meta.exists():
        raise WrongUseError(
            f"the number of inputs must be known: with one column per category it "
            f"depends on the data. Received: no {meta}",
            f"Activate the experiment and run `dvc repro preprocess@{features}`.",
        )
    return tuple(json.loads(meta.read_text("utf-8"))["input_shape"])


def _holder(experiment_id: str) -> Parameters:
    """The parameters that hold an experiment: params.yaml, or else the catalogue."""
    active = read_parameters()
    if experiment_id in active.experiments:
        return active
    known = read_catalogue().parameters
    require_known(
        "experiment", experiment_id, {**known.experiments, **active.experiments}
    )
    return known


def _is_countable(transform: TabularTransform) -> bool:
    """Whether each column gives one input, whatever the data."""
    return (
        transform.numeric is not None
        and not transform.numeric.flag_missing
        and transform.categorical is None
        and transform.dates is None
    )


def _build(
    parameters: Parameters, experiment: Experiment, shape: tuple[int | None, ...]
) -> "keras.Model":
    """Build the model without TensorFlow, whose import takes seconds."""
    os.environ["KERAS_BACKEND"] = "numpy"
    from pedigree.models.keras.build import build_model
    from pedigree.models.keras.head import head_for

    transform = parameters.features[experiment.features].transform
    train = experiment.train
    head = head_for(
        train.loss,
        _classes(transform),
        experiment.model.output_activation,
        getattr(train, "target", None),
    )
    divide_by = getattr(transform, "divide_by", None)
    return build_model(experiment.model, shape, divide_by, head)


def _classes(transform: Transform) -> int | None:
    """The number of classes; None where numbers are predicted."""
    if isinstance(transform, TokensTransform):
        return transform.vocabulary
    return len(transform.label.classes) if transform.label else None


def _describe(model: "keras.Model") -> dict[str, Any]:
    trainable = _count(model.trainable_weights)
    non_trainable = _count(model.non_trainable_weights)
    layers = [
        {
            "name": layer.name,
            "type": type(layer).__name__,
            "output_shape": list(layer.output.shape[1:]),
            "parameters": _count(layer.weights),
        }
        for layer in model.layers
    ]
    return {
        "total": trainable + non_trainable,
        "trainable": trainable,
        "non_trainable": non_trainable,
        "layers": layers,
    }


def _count(weights: Any) -> int:
    from math import prod

    return sum(prod(weight.shape) for weight in weights)


def _print_table(summary: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("layer", "type", "output shape", box=box.SIMPLE_HEAD)
    table.add_column("parameters", justify="right")
    for layer in summary["layers"]:
        shape = " x ".join(map(str, layer["output_shape"]))
        table.add_row(layer["name"], layer["type"], shape, f"{layer['parameters']:,}")
    Console(highlight=False).print(table)
    typer.echo(
        f"{summary['total']:,} parameters: {summary['trainable']:,} trainable, "
        f"{summary['non_trainable']:,} non-trainable"
    )
