"""The section `searches`: read by tune."""

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from pedigree.params.values import Name, Positive
from pedigree.sections import Section

# Keys that no stage reads: a change searches nothing again.
UNREAD_SEARCH_KEYS = ("published",)

# keras-tuner takes a seed of 0 for none, and draws one.
TunerSeed = Annotated[int, Field(gt=0, lt=2**32)]

Scalar = bool | int | float | str | None
Value = Scalar | tuple[Scalar | tuple[Scalar, ...], ...]
Values = Annotated[tuple[Value, ...], Field(min_length=1)]
Leaves = Annotated[tuple[str, ...], Field(min_length=1)]


class Choice(Section):
    """Values to choose from.

    Attributes:
        leaves: The leaves that get the value, all of them the same one; without it,
            the one leaf that the entry is named after.
        values: The values, in the order in which a grid goes through them.
    """

    leaves: Leaves | None = None
    values: Values


class Range(Section):
    """Numbers between two ends, whole ones where the leaf's own is.

    Attributes:
        leaves: As for a choice.
        min: The smallest number.
        max: The largest number.
        scale: Whether numbers, or their logarithms, are spread evenly.
    """

    leaves: Leaves | None = None
    min: float
    max: float
    scale: Literal["linear", "log"]

    @model_validator(mode="after")
    def _ends_in_order(self) -> "Range":
        if not self.min < self.max:
            raise ValueError("min must be less than max")
        if self.scale == "log" and self.min <= 0:
            raise ValueError("min must be more than 0 on a logarithmic scale")
        return self


def _form(entry: Any) -> str:
    if isinstance(entry, list | tuple):
        return "list"
    told = entry if isinstance(entry, Mapping) else getattr(entry, "__dict__", ())
    return "choice" if "values" in told else "range"


Entry = Annotated[
    Annotated[Values, Tag("list")]
    | Annotated[Choice, Tag("choice")]
    | Annotated[Range, Tag("range")],
    Discriminator(_form),
]


class Grid(Section):
    """`keras_tuner.GridSearch`: every combination of the values."""

    kind: Literal["grid"]


class Random(Section):
    """`keras_tuner.RandomSearch`."""

    kind: Literal["random"]
    max_trials: Positive
    seed: TunerSeed


class Hyperband(Section):
    """`keras_tuner.Hyperband`; the epochs of the search are its `max_epochs`."""

    kind: Literal["hyperband"]
    factor: Annotated[int, Field(ge=2)]
    hyperband_iterations: Positive
    seed: TunerSeed


class Bayesian(Section):
    """`keras_tuner.BayesianOptimization`."""

    kind: Literal["bayesian"]
    max_trials: Positive
    num_initial_points: Positive
    alpha: Annotated[float, Field(gt=0)]
    beta: Annotated[float, Field(ge=0)]
    seed: TunerSeed


Tuner = Annotated[Grid | Random | Hyperband | Bayesian, Field(discriminator="kind")]


class Objective(Section):
    """What is to become best: the best epoch of a trial counts.

    Attributes:
        metric: A column of the history, of validation after `val_`.
        direction: Whether more of it is better, or less.
    """

    metric: str
    direction: Literal["max", "min"]


class Search(Section):
    """A search for the best values of some leaves of an experiment.

    Attributes:
        experiment: The experiment, which gives all that is not searched for.
        features: Its features, and
        architecture: its architecture: `dvc.yaml` cannot look them up.
        tuner: How values are chosen.
        objective: What they are judged by.
        epochs: How long each trial is trained, at the most.
        space: What is searched: by the path of a leaf below the experiment, or by a
            name of its own where the entry tells the leaves.
        published: Of cells of a grid, by the names that `cell_name` gives them, what is
            published of the objective. No stage reads it.
    """

    experiment: Name
    features: Name
    architecture: Name
    tuner: Tuner
    objective: Objective
    epochs: Positive
    space: Annotated[Mapping[str, Entry], Field(min_length=1)]
    published: Mapping[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _grid_of_values(self) -> "Search":
        for name, entry in self.space.items():
            if isinstance(entry, Range) and self.tuner.kind == "grid":
                raise ValueError(f"a grid must have values to go through in {name}")
        return self

    @model_validator(mode="after")
    def _published_of_cells(self) -> "Search":
        unknown = self.published.keys() - set(self._cells())
        if unknown:
            raise ValueError(
                "published must name cells of a grid, as in "
                f"{next(self._cells(), 'none')!r}; {min(unknown)!r} is none"
            )
        return self

    def _cells(self) -> Iterator[str]:
        if self.tuner.kind != "grid":
            return
        axes = [
            entry.values if isinstance(entry, Choice) else tuple(entry)
            for entry in self.space.values()
        ]
        for values in product(*axes):
            yield cell_name(dict(zip(self.space, values, strict=True)))


def cell_name(values: Mapping[str, Value]) -> str:
    """Name a cell of a grid by its values: `units=64 dropout=0.5`.

    Args:
        values: The value of each axis, by its name.
    """
    return " ".join(f"{axis}={as_text(value)}" for axis, value in values.items())


def as_text(value: Any) -> str:
    """Write a value: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
