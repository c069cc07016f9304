"""Which columns a file of answers has: those of the model, and some of the input."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from pedigree.errors import WrongUseError
from pedigree.serving.header import listed
from pedigree.serving.version import ServedVersion


@dataclass(frozen=True)
class Layout:
    """The columns of a file of answers.

    Attributes:
        answers: The columns that the model answers with.
        columns: The columns of the file, in their order, by where each comes from: a
            column of the input, or one of the answers.
    """

    answers: tuple[str, ...]
    columns: dict[str, str]

    @property
    def kept(self) -> list[str]:
        """The columns of the input that are kept."""
        return [each for each in self.columns.values() if each not in self.answers]

    def arrange(
        self, rows: pa.Table, answers: "pd.DataFrame | np.ndarray"
    ) -> pd.DataFrame:
        """Put answers and what is kept of the input side by side."""
        if isinstance(answers, np.ndarray):
            flat = answers.reshape(len(answers), -1)
            answers = pd.DataFrame(flat, columns=list(self.answers), copy=False)
        return pd.DataFrame(
            {
                name: answers[source]
                if source in self.answers
                # As Arrow has it: whole numbers stay so where others are missing.
                else rows[source].to_pandas(types_mapper=pd.ArrowDtype)
                for name, source in self.columns.items()
            },
            copy=False,
        )


def make_layout(
    version: ServedVersion,
    names: Sequence[str],
    keep: Sequence[str] = (),
    columns: Sequence[str] | None = None,
) -> Layout:
    """Decide on the columns of a file of answers.

    Args:
        version: The model.
        names: The columns of the input.
        keep: Columns of the input to put before the answers.
        columns: All columns that the file is to have, in their order. Those of the
            answers are found whatever their case: `Id,Label`.

    Raises:
        WrongUseError: If a column is neither of the input nor of the answers, or two
            would have one name.
    """
    answers = answer_names(version)
    wanted = [*keep, *(columns if columns is not None else answers)]
    any_case = {name.lower(): name for name in answers}
    chosen: dict[str, str] = {}
    for number, name in enumerate(wanted):
        is_kept = number < len(keep)
        source = name
        if not is_kept and name not in answers:
            source = any_case.get(name.lower(), name)
        if source not in (names if is_kept else (*names, *answers)):
            raise WrongUseError(
                "a column of OUT must be one of IN or of the answers. "
                f"Received: {name}",
                f"IN has {listed(names)}; the answers are {listed(answers)}.",
            )
        if name in chosen or (is_kept and name in answers):
            raise WrongUseError(
                f"a column of OUT must have a name of its own. Received: {name} twice",
                "Leave it out of --keep, or rename it in IN.",
            )
        chosen[name] = source
    return Layout(answers, chosen)


def answer_names(version: ServedVersion) -> tuple[str, ...]:
    """Name the columns of the answers; those of an array by what it gives back."""
    if version.model.answer_names:
        return version.model.answer_names
    shape = version.meta.input_shape
    if version.model.kind == "masks":
        shape = shape[:2]  # one class for all channels of a pixel
    elif version.meta.feature_names:
        return version.meta.feature_names
    return tuple(f"pixel{n + 1}" for n in range(math.prod(shape)))
