"""Writing the best values of a search into its experiment."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pedigree.catalogue.activation import read_text, replace_file
from pedigree.catalogue.leaves import replace_values
from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE
from pedigree.sections import load_yaml, replace_leaf, steps_to

Place = tuple[str | int, ...]


class Adopted(NamedTuple):
    """A leaf, and what became of it."""

    leaf: str
    before: Any
    after: Any


def adopt(
    experiment: str, values: Mapping[str, Any], path: Path = PARAMS_FILE
) -> list[Adopted]:
    """Write values into an experiment of the parameters file.

    Args:
        experiment: Key of the experiment.
        values: Values by the leaf, below the experiment, that they are for.
        path: The parameters file; replaced in one step, untouched at an error.

    Returns:
        The leaves whose value has changed.

    Raises:
        WrongUseError: If a leaf is not there, or a value does not fit.
    """
    expected = load_yaml(path)
    places: dict[Place, Any] = {}
    adopted = []
    for leaf, value in values.items():
        dotted = f"experiments.{experiment}.{leaf}"
        place = steps_to(expected, dotted)
        if place is None:
            raise WrongUseError(
                f"a leaf must be in {path} to be given a value. Received: {dotted}, "
                "which is not there",
                "Put it there again, or take it out of the search's space.",
            )
        before = _at(expected, place)
        changes = dict(_changes(place, before, value))
        if changes:
            adopted.append(Adopted(dotted, before, value))
            places.update(changes)
            expected = replace_leaf(expected, place, value)
    replace_file(path, replace_values(read_text(path), places), expected)
    return adopted


def _changes(place: Place, before: Any, after: Any) -> Iterator[tuple[Place, Any]]:
    """Yield what differs: single items, so that comments between them stay."""
    both = isinstance(before, list) and isinstance(after, list)
    if both and len(before) == len(after):
        for number, items in enumerate(zip(before, after, strict=True)):
            yield from _changes((*place, number), *items)
    elif repr(before) != repr(after):  # unlike `==`, it tells 1 from 1.0 and true
        yield place, after


def _at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data
