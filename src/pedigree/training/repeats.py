"""The same training several times, each time with other seeds."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

# Where the models of all trainings but the first are, below `models/<experiment>`.
REPEATS = "repeats"

SectionType = TypeVar("SectionType", bound=BaseModel)


def reseed(section: SectionType, number: int) -> SectionType:
    """The section with its seed, if it has one, raised by the number of the repeat.

    Args:
        section: The section `model` or `train`.
        number: Counted from 0, which changes nothing.
    """
    if "seed" not in type(section).model_fields:
        return section
    seed = section.seed + number  # type: ignore[attr-defined]
    return section.model_copy(update={"seed": seed})


def folder_of(output: Path, number: int) -> Path:
    """Where a repeat goes: the first one is the experiment's model.

    Args:
        output: `models/<experiment>`.
        number: Counted from 0.
    """
    return output if number == 0 else output / REPEATS / f"{number + 1:03}"
