"""The stage tune reads a search as `params.yaml` has it."""

from pathlib import Path

import pytest

from pedigree.catalogue.activation import activate
from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.file import read_parameters
from pedigree.stages.tune import read_search

ID, EXPERIMENT, FEATURES = (
    "fashion_bn_cnn_grid",
    "fashion_bn_cnn_final",
    "fashion_28_random",
)


@pytest.fixture(autouse=True)
def active(project: Path) -> None:
    assert project.exists()
    activate(read_catalogue(), [ID])


def test_a_search_is_read_without_what_was_published() -> None:
    known = read_parameters().searches[ID]
    assert known.published
    read = read_search(ID, EXPERIMENT, FEATURES, "convnet")
    assert read == known.model_copy(update={"published": {}})


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("{kind: grid}", "{kind: gird}", f"searches.{ID}.tuner"),
        ("direction: max", "direction: up", f"searches.{ID}.objective.direction"),
        ("epochs: 10\n", "epochs: 0\n", f"searches.{ID}.epochs"),
        ("    space:\n", "    place:\n", f"searches.{ID}.space must be in params.yaml"),
        ("values: [64]", "min: 1, max: 2, scale: log", "a grid must have values"),
    ],
)
def test_what_cannot_be_searched(old: str, new: str, rule: str) -> None:
    params = Path("params.yaml")
    head, entry, text = params.read_text("utf-8").partition(f"  {ID}:\n")
    assert old in text
    params.write_text(head + entry + text.replace(old, new, 1), "utf-8")
    with pytest.raises(WrongUseError, match=rule):
        read_search(ID, EXPERIMENT, FEATURES, "convnet")
