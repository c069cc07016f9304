"""What a search is given: its space, and the rows of training and validation."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pedigree.data.prepared import Arrays, Meta, open_split, read_meta
from pedigree.data.weights import find_weights
from pedigree.params.model import Model
from pedigree.params.searches import Search
from pedigree.params.train import Train
from pedigree.training.search.objective import require_objective
from pedigree.training.search.space import Space


class Inputs(NamedTuple):
    """What all processes of a search read.

    Attributes:
        space: What is searched.
        meta: What the prepared arrays mean.
        splits: The arrays of `train`, and of `validation` where there are such rows;
            those of `test` choose nothing.
        pretrained: The file of pretrained weights, where the data brings any.
    """

    space: Space
    meta: Meta
    splits: Mapping[str, Arrays]
    pretrained: Path | None = None


def read_inputs(
    name: str, search: Search, model: Model, train: Train, prepared: Path
) -> Inputs:
    """Check a search, and open the rows that it trains and validates with.

    Args:
        name: Key of the search in `params.yaml`.
        search: The search.
        model: The section `model` of its experiment.
        train: The section `train` of its experiment.
        prepared: `data/prepared/<features>`.

    Raises:
        WrongUseError: If the search does not fit its experiment or its features.
    """
    space = Space(name, search, model, train)
    meta = read_meta(prepared)
    require_objective(name, search, train, "validation" in meta.rows)
    known = [split for split in ("train", "validation") if split in meta.rows]
    splits = {split: open_split(prepared, split) for split in known}
    return Inputs(space, meta, splits, find_weights(prepared))
