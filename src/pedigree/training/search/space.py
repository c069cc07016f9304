"""What a search goes through: its axes, and the cells that they span."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product
from typing import Any

from pydantic import BaseModel

from pedigree.errors import WrongUseError
from pedigree.models.architecture import check
from pedigree.params.file import PARAMS_FILE
from pedigree.params.model import Model
from pedigree.params.searches import Choice, Range, Search
from pedigree.params.train import KerasTrain, Train
from pedigree.sections import leaves, parse, replace_leaf, steps_to

# A range is searched in so many steps. Then a value is the number of its step, which
# keras-tuner passes on to other processes exactly; a float it would round to 32 bits.
STEPS = 1000
DIGITS = 4

Sections = Mapping[str, Any]

# What a search cannot change: the code and the hardware that all trials share, and how
# long they are trained, which the search itself says.
FIXED = (
    "model.architecture",
    "train.library",
    "train.xla",
    "train.epochs",
    *(PROTOCOL := ("train.repeats", "train.cross_validation", "train.refit")),
)


@dataclass(frozen=True)
class Axis:
    """Leaves that have the same value, and the values they may have.

    Attributes:
        name: What the axis is called in `params.yaml`.
        leaves: Paths below the experiment, e.g. `model.dense.0`.
        values: The values, in the order of their numbers.
        is_range: Whether these are steps of a range.
    """

    name: str
    leaves: tuple[str, ...]
    values: tuple[Any, ...]
    is_range: bool


@dataclass(frozen=True)
class Cell:
    """A place in the space: what is trained there.

    DVC takes 1 and 1.0 for the same value, so a value is what its leaf makes of it.

    Attributes:
        values: The value of each axis, by its name: that of its first leaf.
        leaves: The value of each leaf, by its path below the experiment.
        model: The section `model` with these values.
        train: The section `train` with these values, and the epochs of the trial.
    """

    values: Mapping[str, Any]
    leaves: Mapping[str, Any]
    model: Model
    train: KerasTrain

    @property
    def digest(self) -> str:
        """Name the values, in the file names of what is kept of a trial."""
        text = json.dumps(self.values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Space:
    """The axes of a search, on the experiment that gives everything else.

    Args:
        name: Key of the search in `params.yaml`.
        search: The search.
        model: The section `model` of its experiment.
        train: The section `train` of its experiment.

    Raises:
        WrongUseError: If Keras does not train the experiment, a leaf is not in it or
            cannot be searched for, or a value is not one that the leaf can have.
    """

    def __init__(self, name: str, search: Search, model: Model, train: Train) -> None:
        _require_trainable(name, search, model, train)
        self._where = f"searches.{name}.space"
        self._epochs = search.epochs
        self._sections: Sections = {
            "model": _told(model),
            "train": {
                key: value
                for key, value in _told(train).items()
                if f"train.{key}" not in PROTOCOL
            },
        }
        self._check_leaves(search)
        *_, read = self._read(self._sections)
        self.axes = tuple(_axis(key, each, read) for key, each in search.space.items())
        self._check_values(every=search.tuner.kind == "grid")

    def cell(self, numbers: Mapping[str, int], epochs: int | None = None) -> Cell:
        """Find a cell.

        Args:
            numbers: The number of the value of each axis, by its name.
            epochs: How long to train; as the search says where it is None.

        Raises:
            WrongUseError: If the values do not fit each other.
        """
        sections: Any = replace_leaf(
            self._sections, ("train", "epochs"), epochs or self._epochs
        )
        for axis in self.axes:
            value = axis.values[numbers[axis.name]]
            for leaf in axis.leaves:
                path = steps_to(sections, leaf) or ()
                sections = replace_leaf(sections, path, value)
        model, train, read = self._read(sections)
        return Cell(
            {axis.name: value_at(read, axis.leaves[0]) for axis in self.axes},
            {leaf: value_at(read, leaf) for axis in self.axes for leaf in axis.leaves},
            model,
            train,
        )

    def _read(self, sections: Sections) -> tuple[Model, KerasTrain, Sections]:
        """Read sections as train does, and write them as they were understood."""
        try:
            train = parse(KerasTrain, sections["train"], PARAMS_FILE, ("train",))
            model = parse(Model, sections["model"], PARAMS_FILE, ("model",))
            hyperparameters = check(model, train.library)
        except WrongUseError as error:
            raise WrongUseError(
                f"{error.rule}, with the values of {self._where}", error.remedy
            ) from None
        understood = {**_told(model), **_told(hyperparameters)}
        return model, train, {"model": understood, "train": _told(train)}

    def _check_leaves(self, search: Search) -> None:
        seen = set()
        for name, entry in search.space.items():
            for leaf in _leaves(name, entry):
                if leaf.startswith(FIXED):
                    rule = "must leave alone what all trials share"
                elif leaf in seen:
                    rule = "must hold each leaf once"
                elif steps_to(self._sections, leaf) is None:
                    rule = f"must hold leaves of experiments.{search.experiment}"
                else:
                    seen.add(leaf)
                    continue
                raise WrongUseError(
                    f"{self._where} {rule}. Received: {leaf}", self._closest(leaf)
                )

    def _check_values(self, every: bool) -> None:
        """Try each value by itself, and each combination if there is an end to it."""
        first = {axis.name: 0 for axis in self.axes}
        for axis in self.axes:
            last, seen = len(axis.values) - 1, set()
            for number in (0, last) if axis.is_range else range(last + 1):
                seen.add(self.cell({**first, axis.name: number}).digest)
            if not axis.is_range and len(seen) <= last:
                raise WrongUseError(
                    f"the values of {self._where}.{axis.name} must differ. Received: "
                    f"{json.dumps(axis.values)}",
                    f"Correct them in {PARAMS_FILE}.",
                )
        if every:
            for combination in self._combinations():
                self.cell(combination)

    def _combinations(self) -> Iterator[dict[str, int]]:
        for numbers in product(*(range(len(axis.values)) for axis in self.axes)):
            yield {axis.name: n for axis, n in zip(self.axes, numbers, strict=True)}

    def _closest(self, leaf: str) -> str:
        known = [".".join(map(str, path)) for path, _ in leaves(self._sections)]
        close = get_close_matches(leaf, [k for k in known if not k.startswith(FIXED)])
        hint = f" Close to it: {', '.join(close)}." if close else ""
        return f"Correct {self._where} in {PARAMS_FILE}.{hint}"


def _require_trainable(name: str, search: Search, model: Model, train: Train) -> None:
    if search.architecture != model.architecture:
        raise WrongUseError(
            f"searches.{name}.architecture must be that of its experiment, "
            f"{model.architecture}. Received: {search.architecture}",
            f"Correct it in {PARAMS_FILE}.",
        )
    if train.library != "keras":
        raise WrongUseError(
            f"searches.{name}.experiment must be one that Keras trains. Received: "
            f"{search.experiment}, with train.library={train.library}",
            f"Correct it in {PARAMS_FILE}.",
        )


def _told(section: BaseModel) -> dict[str, Any]:
    """A section as it would stand in a file, without what it does not tell."""
    return section.model_dump(mode="json", exclude_unset=True)


def value_at(data: Any, leaf: str) -> Any:
    """The value at a dotted path that is there."""
    for step in steps_to(data, leaf) or ():
        data = data[step]
    return data


def _leaves(name: str, entry: Any) -> tuple[str, ...]:
    return getattr(entry, "leaves", None) or (name,)


def _axis(name: str, entry: Any, read: Sections) -> Axis:
    leaves = _leaves(name, entry)
    if isinstance(entry, Range):
        whole = type(value_at(read, leaves[0])) is int
        return Axis(name, leaves, _steps(entry, whole), True)
    values = entry.values if isinstance(entry, Choice) else entry
    # As YAML has them: a list is a list.
    return Axis(name, leaves, tuple(json.loads(json.dumps(values))), False)


def _steps(entry: Range, whole: bool) -> tuple[Any, ...]:
    """The steps of a range, rounded to what one would write by hand."""
    low, high = entry.min, entry.max
    shares = [number / (STEPS - 1) for number in range(STEPS)]
    if entry.scale == "log":
        values = [low * (high / low) ** share for share in shares]
    else:
        values = [low + (high - low) * share for share in shares]
    rounded = [round(v) if whole else float(f"{v:.{DIGITS}g}") for v in values]
    return tuple(dict.fromkeys(rounded))
