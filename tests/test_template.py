"""What is remembered of a template must be what DVC would resolve anew."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dvc.exceptions import DvcException
from dvc.repo import Repo

from pedigree.errors import WrongUseError
from pedigree.pipeline import Pipeline, replace_leaf
from pedigree.sections import leaves

PARAMETERS: dict[str, Any] = {
    "groups": {"a": {"kind": 1, "deep": {"list": ["x", "y"]}}, "b": {"kind": True}},
    "names": ["n", "m"],
    "shared": {"text": "t", "rate": 0.1, "other": None},
    "key": "k",
    "unread": 0,
}

TEMPLATES = {
    "own entry": "{foreach: '${groups}', do: {cmd: 'c ${key} ${item.kind}'}}",
    "no parameter": "{foreach: '${groups}', do: {cmd: 'c ${key}'}}",
    "a whole entry": "{foreach: '${groups}', do: {cmd: 'c ${item}'}}",
    "part and whole": "{foreach: '${groups}', do: {cmd: 'c ${item.kind} ${item}'}}",
    "something shared": (
        "{foreach: '${groups}', do: {cmd: 'c ${item.kind} ${shared.text}'}}"
    ),
    "another entry": (
        "{foreach: '${groups}', do: {cmd: 'c ${groups.a.kind} ${item.kind}'}}"
    ),
    "a list": "{foreach: '${names}', do: {cmd: 'c ${item}'}}",
    "a list in place": "{foreach: ['${key}', l], do: {cmd: 'c ${item}'}}",
    "an index": "{cmd: 'c ${groups.a.deep.list[1]} ${ names[0] }'}",
    "one stage": "{cmd: 'c ${key} ${shared.rate}', deps: ['d/${shared.text}']}",
    "a matrix": "{matrix: {name: '${names}'}, cmd: 'c ${item.name} ${key}'}",
    "variables": "{vars: [{v: 1}], cmd: 'c ${v} ${key}'}",
    "a name in a key": (
        "{foreach: '${groups}', do: {cmd: c, outs: ['o/${key}/${item.kind}': "
        "{persist: true}]}}"
    ),
    "escaped": r"{cmd: 'c \${key}'}",
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repo]:
    monkeypatch.chdir(tmp_path)
    with Repo.init(no_scm=True) as repository:
        yield repository


def write(parameters: Any, template: str) -> None:
    Path("params.yaml").write_text(json.dumps(parameters), "utf-8")
    Path("dvc.yaml").write_text(f"stages: {{stage: {template}}}\n", "utf-8")


def by_dvc(repo: Repo, parameters: Any, template: str) -> Any:
    """What DVC makes of the files; `None` if it refuses them."""
    write(parameters, template)
    repo._reset()
    try:
        return {
            stage.name: (
                stage.cmd,
                {dependency.def_path for dependency in stage.deps},
                {out.def_path for out in stage.outs},
            )
            for stage in repo.index.stages
        }
    except DvcException:
        return None


def by_us(pipeline: Pipeline, parameters: Any) -> Any:
    try:
        stages = pipeline.resolve(parameters)
    except WrongUseError:
        return None
    return {
        name: (stage.command, stage.dependencies, stage.outputs)
        for name, stage in stages.items()
    }


def variants() -> list[Any]:
    """Parameters that differ in one leaf, and some of which are equal to Python."""
    found: list[Any] = [PARAMETERS]
    for path, _ in leaves(PARAMETERS):
        others = [1, 1.0, True, "1", None, {"kind": "new"}]
        found += [replace_leaf(PARAMETERS, path, each) for each in others]
    for section in ("groups", "shared", "key"):
        found.append({k: v for k, v in PARAMETERS.items() if k != section})
    found.append({**PARAMETERS, "groups": {}})
    found.append({**PARAMETERS, "groups": {"c": {"kind": 1}, **PARAMETERS["groups"]}})
    return found


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_a_remembered_template_is_what_dvc_resolves(repo: Repo, template: str) -> None:
    write(PARAMETERS, template)
    pipeline = Pipeline()
    wrong = []
    for parameters in variants():
        resolved = by_us(pipeline, parameters)
        if resolved != by_dvc(repo, parameters, template):
            wrong.append((parameters, resolved))
    assert not wrong


@pytest.mark.usefixtures("repo")
def test_what_is_not_read_is_not_resolved_again(monkeypatch) -> None:
    write(PARAMETERS, TEMPLATES["own entry"])
    pipeline = Pipeline()
    assert len(pipeline.stages) == 2
    loaded = []
    load = Pipeline._load
    monkeypatch.setattr(
        Pipeline, "_load", lambda self, *a: loaded.append(a) or load(self, *a)
    )
    for path, value in leaves(PARAMETERS):
        pipeline.resolve(replace_leaf(PARAMETERS, path, f"{value}x"))
    assert [read for _, read in loaded] == [
        {"groups": {"a": {"kind": "1x"}}},
        {"groups": {"b": {"kind": "Truex"}}},
    ]
