"""A stage receives its own sections of `params.yaml` only, frozen."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pedigree.catalogue.read import read_catalogue
from pedigree.models.architecture import check
from pedigree.params.file import Parameters
from pedigree.params.searches import Search
from pedigree.sections import load_yaml

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = load_yaml(ROOT / "dvc.yaml")["stages"]


def calls(path: Path, function: str) -> list[ast.Call]:
    """The calls of a function in a module."""
    return [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", None)) == function
    ]


def keys_read(stage: str) -> set[str]:
    """The sections that a stage script asks for, as `dvc.yaml` would name them."""
    script = ROOT / f"src/pedigree/stages/{stage}.py"
    (main,) = (
        node
        for node in ast.parse(script.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    # The arguments of `main` after the run are those of the command.
    names = [argument.arg for argument in main.args.args[1:]]
    _, _, _, *values = TEMPLATES[stage]["do"]["cmd"].split()
    arguments = dict(zip(names, values, strict=True))

    def step(node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            return str(node.value)
        assert isinstance(node, ast.Name), f"{stage}: a key must be plain to see"
        return arguments[node.id]

    read = set()
    for call in calls(script, "read_section"):
        assert not call.keywords
        read.add(".".join(map(step, call.args[1:])))
    return read


@pytest.mark.parametrize("stage", TEMPLATES)
def test_a_stage_reads_the_sections_that_it_declares(stage: str) -> None:
    assert keys_read(stage) == set(TEMPLATES[stage]["do"].get("params", ()))


def test_only_stage_scripts_read_the_parameters() -> None:
    """Of the code that shapes outputs, nothing else opens `params.yaml`."""
    callers: dict[str, set[str]] = {}
    for package in ("data", "evaluation", "models", "stages", "training"):
        for path in (ROOT / "src/pedigree" / package).rglob("*.py"):
            for function in ("read_section", "read_parameters", "load_yaml"):
                if calls(path, function):
                    callers.setdefault(function, set()).add(path.stem)
    assert callers == {
        "read_section": {stage for stage in TEMPLATES if keys_read(stage)},
        "load_yaml": {"suite"},  # of `expectations`, each a dependency
    }


def sections(parameters: Parameters) -> Iterator[Any]:
    """What stages receive of each entry."""
    yield from parameters.downloads.values()
    yield from (dataset.table for dataset in parameters.datasets.values())
    for features in parameters.features.values():
        yield from (features.split, features.transform)
    for experiment in parameters.experiments.values():
        yield check(experiment.model, experiment.train.library)
        yield from (experiment.train, experiment.evaluate, experiment.register_)


def test_what_a_stage_receives_is_frozen_to_the_bottom() -> None:
    parameters = read_catalogue(ROOT / "catalogue").parameters
    received = list(sections(parameters))
    assert len(received) > 30
    for section in received:
        if not isinstance(section, Search):  # its space is a mapping
            hash(section)  # a list or a mapping inside has no hash
        for name in type(section).model_fields:
            with pytest.raises(ValueError, match="frozen"):
                setattr(section, name, None)
