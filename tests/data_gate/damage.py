"""What a damage is: good data in, bad data out, and who must notice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """A critical expectation of the dataset's suite, by its name and columns."""

    expectation: str
    columns: tuple[str, ...] = ()


class Refused(NamedTuple):
    """An error of ingest, of two lines, with these words in it."""

    words: str


class Harmless(NamedTuple):
    """Nobody: the file is read to the very same table."""


@dataclass(frozen=True)
class Damage:
    """One way to damage a dataset.

    Attributes:
        name: What is done, in words.
        dataset: The dataset it is done to; its suite has the same name.
        kind: What is damaged: `file` (the bytes of a file), `table` (the data frame of
            each split) or `images` (arrays of images and of labels, by split).
        apply: Makes bad data of good data, and leaves the good data as they were.
        noticed_by: Who must notice.
    """

    name: str
    dataset: str
    kind: str
    apply: Callable[[Any], Any]
    noticed_by: Rule | Refused | Harmless

    def __str__(self) -> str:
        return f"{self.dataset}: {self.name}"


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def register(
    damages: list[Damage],
    dataset: str,
    kind: str,
    noticed_by: Rule | Refused | Harmless,
) -> Decorator:
    """Add the function that follows to a list of damages, under its own name."""

    def add(apply: Callable[..., Any]) -> Callable[..., Any]:
        name = apply.__name__.replace("_", " ")
        damages.append(Damage(name, dataset, kind, apply, noticed_by))
        return apply

    return add
