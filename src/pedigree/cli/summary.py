"""`pedigree summary`: the layers of an experiment's model and its parameter counts."""

import json
import os
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pedigree.catalogue.read import read_catalogue, require_known
from pedigree.cli.analysis import analysis, print_analysis
from pedigree.data.transforms import vgg16_features
from pedigree.errors import WrongUseError
from pedigree.params.datasets import CsvImagesTable, KerasTable, Table
from pedigree.params.experiments import Experiment
from pedigree.params.features import (
    ImageTransform,
    MultiHotTransform,
    ResizedImageTransform,
    TabularTransform,
    TokensTransform,
    Transform,
    Vgg16FeaturesTransform,
    WindowsTransform,
)
from pedigree.params.file import Parameters, read_parameters
from pedigree.params.train import NumpyTrain

if TYPE_CHECKING:
    import keras

# What the loaders of `keras.datasets` return that are of images, as they document it.
KERAS_IMAGES = {
    "mnist": (28, 28, 1),
    "fashion_mnist": (28, 28, 1),
    "cifar10": (32, 32, 3),
    "cifar100": (32, 32, 3),
}
BATCH_SIZES = [64, 128, 256]

# The channels of photographs.
COLOURS = 3


def summary_command(
    experiment_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id of an experiment.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    analyse: Annotated[
        bool,
        typer.Option(
            "--analysis",
            help="Add activations, multiply-adds, receptive fields and memory.",
        ),
    ] = False,
    batch_sizes: Annotated[
        list[int],
        typer.Option(
            "--batch-size",
            min=1,
            metavar="N",
            help="Batch size for --analysis; may be repeated.",
        ),
    ] = BATCH_SIZES,
) -> None:
    """Print the layers of a model and its counts of parameters."""
    holder = _holder(experiment_id)
    experiment = holder.experiments[experiment_id]
    shape = input_shape(holder, experiment.features)
    model = _build(holder, experiment, shape)
    summary = {"id": experiment_id, **_describe(model)}
    if analyse:
        summary["analysis"] = analysis(model, experiment.train, batch_sizes)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    elif analyse:
        print_analysis(summary["analysis"], experiment.train)
        _print_counts(summary)
    else:
        _print_table(summary)
        _print_counts(summary)


def input_shape(parameters: Parameters, features: str) -> tuple[int | None, ...]:
    """The shape of one prepared example, from the parameters where they tell.

    Of a text, it is that of a sequence of any length.

    Raises:
        WrongUseError: If it depends on the data, and these are not prepared.
    """
    entry = parameters.features[features]
    table, transform = parameters.datasets[entry.dataset].table, entry.transform
    image = _image_shape(table)
    if isinstance(transform, ImageTransform) and image:
        return (2 * prod(image),) if transform.extra_pixels else image
    if isinstance(transform, MultiHotTransform):
        return (transform.words,)
    if isinstance(transform, ResizedImageTransform):
        return (transform.resize.height, transform.resize.width, COLOURS)
    if isinstance(transform, WindowsTransform):
        return (transform.sequence_length, len(transform.columns))
    if isinstance(transform, TokensTransform):
        return (None, 1)
    if isinstance(transform, Vgg16FeaturesTransform):
        return vgg16_features.Fitted(transform.resize, Path()).input_shape
    if isinstance(transform, TabularTransform) and _is_countable(transform):
        assert transform.numeric is not None
        return (len(transform.numeric.columns),)
    meta = Path("data/prepared", features, "meta.json")
    if not meta.exists():
        raise WrongUseError(
            "the shape of an example must be known: here it depends on the data. "
            f"Received: no {meta}",
            f"Activate the experiment and run `dvc repro preprocess@{features}`.",
        )
    return tuple(json.loads(meta.read_text("utf-8"))["input_shape"])


def _image_shape(table: Table) -> tuple[int, ...] | None:
    """The shape of a raw image; None where the parameters do not tell."""
    if isinstance(table, CsvImagesTable):
        return (table.height, table.width, 1)
    return KERAS_IMAGES.get(table.name) if isinstance(table, KerasTable) else None


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
    import keras

    from pedigree.models.build import build_model
    from pedigree.models.head import head_for

    transform = parameters.features[experiment.features].transform
    train = experiment.train
    classes = _number_of_classes(transform)
    if isinstance(train, NumpyTrain):
        return _build_twin(experiment, shape, classes)
    activation = experiment.model.output_activation
    head = head_for(train.loss, classes, activation, train.target)
    divide_by = getattr(transform, "divide_by", None)
    # Inside this scope weights have shapes and no values: they may be gigabytes.
    with keras.StatelessScope(initialize_variables=False):
        return build_model(experiment.model, shape, divide_by, head)


def _number_of_classes(transform: Transform) -> int | None:
    """The number of classes; None where numbers are predicted."""
    if isinstance(transform, TokensTransform):
        return transform.vocabulary
    classified = transform.label or getattr(transform, "masks", None)
    return len(classified.classes) if classified else None


def _build_twin(
    experiment: Experiment, shape: tuple[int | None, ...], classes: int | None
) -> "keras.Model":
    """Build what a net in NumPy would be in Keras: dense layers."""
    import keras

    from pedigree.models.architecture import check

    hyperparameters = check(experiment.model, "numpy")
    is_single = hyperparameters.output in ("sigmoid", "linear", "tanh")
    outputs = 1 if is_single else classes
    twin = keras.Sequential([keras.Input(shape, name="input")])
    for number, units in enumerate((*hyperparameters.hidden, outputs), start=1):
        twin.add(keras.layers.Dense(units, name=f"layer{number}"))
    return twin


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


def _print_counts(summary: dict[str, Any]) -> None:
    typer.echo(
        f"{summary['total']:,} parameters: {summary['trainable']:,} trainable, "
        f"{summary['non_trainable']:,} non-trainable"
    )
