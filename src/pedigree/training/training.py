"""One training of an experiment, by its library, on any rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pedigree.data.prepared import Arrays, Meta
from pedigree.params.model import Model
from pedigree.params.train import Train

History = list[dict[str, float]]
Splits = Mapping[str, Arrays]
EpochListener = Callable[[Mapping[str, float], int], None]


def ignore(figures: Mapping[str, float], epoch: int) -> None:
    """Take the figures of an epoch, and leave it at that."""


@dataclass(frozen=True)
class Training:
    """What a training needs beside its rows.

    Attributes:
        train: The function `train` of the library.
        architecture: The section `model`.
        parameters: The section `train`.
        meta: What the prepared arrays mean.
        key: What identifies the training, for its checkpoints.
        on_epoch: Called with the figures of each epoch and its number.
    """

    train: Callable[..., History]
    architecture: Model
    parameters: Train
    meta: Meta
    key: str
    on_epoch: EpochListener

    def run(self, splits: Splits, output: Path) -> History:
        """Train a model and save it.

        Args:
            splits: The arrays of `train`, and of `validation` where there are any.
            output: Where the model goes.

        Returns:
            One row of figures per epoch.
        """
        return self.train(
            self.architecture,
            self.parameters,
            self.meta,
            splits,
            output,
            self.key,
            self.on_epoch,
        )

    def reseeded(self, number: int) -> "Training":
        """The same training with each seed raised by a number."""
        return replace(
            self,
            architecture=_raise_seed(self.architecture, number),
            parameters=_raise_seed(self.parameters, number),
        )

    def named(self, name: str, on_epoch: EpochListener = ignore) -> "Training":
        """The same training as a part of the experiment's.

        Args:
            name: What part: its checkpoints are its own.
            on_epoch: What listens to it, the one of the experiment or none.
        """
        return replace(self, key=f"{self.key}-{name}", on_epoch=on_epoch)

    def with_epochs(self, epochs: int) -> "Training":
        """The same training for another number of epochs."""
        parameters = self.parameters.model_copy(update={"epochs": epochs})
        return replace(self, parameters=parameters)

    def without(self, *keys: str) -> "Training":
        """The same training without some keys of `train`, if its library has them."""
        known = type(self.parameters).model_fields
        absent = {key: None for key in keys if key in known}
        return replace(self, parameters=self.parameters.model_copy(update=absent))


def _raise_seed(section: Any, number: int) -> Any:
    if "seed" not in type(section).model_fields:
        return section
    return section.model_copy(update={"seed": section.seed + number})
