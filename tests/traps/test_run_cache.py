"""DVC's run cache: what it takes for the same parameters, and which stages it keeps."""

import json
import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.models.architecture import check
from pedigree.params.datasets import Dataset
from pedigree.params.downloads import Download
from pedigree.params.experiments import Experiment
from pedigree.params.features import Features
from pedigree.params.model import Model
from pedigree.pipeline import replace_leaf
from pedigree.sections import FORBIDDEN_KEYS, leaves, load_yaml, parse
from traps.tiny import PARAMS, Tiny

ROOT = Path(__file__).resolve().parents[2]

ENTRIES = read_catalogue(ROOT / "catalogue").entries


@pytest.mark.parametrize("name", sorted(FORBIDDEN_KEYS))
def test_dvc_leaves_some_names_out_of_the_key_of_its_run_cache(
    tiny: Tiny, name: str
) -> None:
    for value in (1, 2):
        assert tiny.repro({"deep": [{name: value}], "new": value}) == "ran"
    # Only the harmless name differs from what the cache holds for the first run.
    assert tiny.repro({"deep": [{name: 3}], "new": 1}) == "restored"
    assert tiny.made_with()["deep"] == [{name: 1}]  # a lie

    holders: list[tuple[Any, Any, tuple[Any, ...]]] = [
        (Experiment, ENTRIES["experiments"]["digits_convnet"], ("model",)),
        (Experiment, ENTRIES["experiments"]["digits_convnet"], ("model", "dropout")),
        (Dataset, ENTRIES["datasets"]["digits"], ("table", "files")),
    ]
    for section_type, entry, path in holders:
        holder: Any = entry
        for step in path:
            holder = holder[step]
        wrong = replace_leaf(entry, path, {**holder, name: 1})
        with pytest.raises(WrongUseError, match=f"may be called '{name}'"):
            parse(section_type, wrong, PARAMS)
    from pedigree.data.suite import SuiteFile

    suite = load_yaml(ROOT / "expectations/digits.yaml")
    with pytest.raises(WrongUseError, match=f"may be called '{name}'"):
        parse(SuiteFile, {**suite, "more": {name: 1}}, PARAMS)


def test_dvc_takes_numbers_and_truth_for_the_same(tiny: Tiny) -> None:
    assert tiny.repro({"value": 1}) == "ran"
    assert tiny.repro({"value": True}) == "nothing"
    assert tiny.repro({"value": 1.0}) == "nothing"
    assert tiny.made_with() == {"value": 1}  # see the test of what a stage receives


def test_dvc_overlooks_keys_that_are_no_text(tiny: Tiny) -> None:
    assert tiny.repro({"1": "a"}) == "ran"
    first = tiny.repo.stage.load_one("dvc.yaml", "copy")
    PARAMS.write_text("section: {1: a}\n", "utf-8")
    second = tiny.repo.stage.load_one("dvc.yaml", "copy")
    for stage in (first, second):
        stage.save_deps()
    assert cache_key(section_of(first)) == cache_key(section_of(second))
    for wrong in ({1: "a"}, {True: "a"}, {None: "a"}):
        with pytest.raises(WrongUseError, match="a key must be a text"):
            parse(dict[str, str], wrong, PARAMS)


def test_dvc_stumbles_over_dates_and_runs_again_for_what_is_no_number(
    tiny: Tiny,
) -> None:
    PARAMS.write_text("section: 2020-02-20\n", "utf-8")
    with pytest.raises(Exception, match="Unsupported value of type 'date'"):
        tiny.repo.reproduce()
    PARAMS.write_text("section: .nan\n", "utf-8")
    tiny.repo.reproduce()
    assert tiny.repo.status(), "it is not equal to itself"
    for text, rule in [("2020-02-20", "must be a text"), (".nan", "must be finite")]:
        value = YAML(typ="safe", pure=True).load(f"[{text}]")
        with pytest.raises(WrongUseError, match=rule):
            parse(list[Any], value, PARAMS)


def section_of(stage: Any) -> Any:
    return stage.deps[-1].hash_info.value


def cache_key(parameters: Any) -> str:
    """The name under which DVC's run cache keeps what these parameters made."""
    from dvc.stage.cache import _get_cache_hash

    entry = {
        "cmd": "python -m pedigree.stages.train digits",
        "deps": [{"path": "data", "hash": "md5", "md5": "0a", "size": 1}],
        "params": {"params.yaml": parameters},
        "outs": [{"path": "models/digits", "hash": "md5", "md5": "0b", "size": 2}],
    }
    return str(_get_cache_hash(deepcopy(entry), key=True))


SECTIONS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "downloads": (Download, ()),
    "datasets": (Dataset, ("table",)),
    "features": (Features, ("split", "transform")),
    "experiments": (Experiment, ("model", "train", "evaluate", "register")),
}


def declared(model: Model) -> dict[str, Any]:
    """The fields of a section `model` that all architectures share."""
    return {name: getattr(model, name) for name in Model.model_fields}


def received(section: str, entry: Any) -> list[str] | None:
    """What the stages receive of an entry, types and order included."""
    section_type, parts = SECTIONS[section]
    try:
        parsed = parse(section_type, entry, PARAMS)
        values = [
            getattr(parsed, "register_" if part == "register" else part)
            for part in parts
        ]
        return [
            # Hyperparameters count as their architecture reads them.
            repr(
                (
                    dict(list(each)[: len(Model.model_fields)]),
                    check(each, parsed.train.library),
                )
            )
            if isinstance(each, Model)
            else repr(each)
            for each in values or [parsed]
        ]
    except WrongUseError:
        return None


def tracked(section: str, entry: Any) -> list[Any]:
    parts = SECTIONS[section][1]
    return [entry.get(part) for part in parts] if parts else [entry]


def inner_nodes(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in nested dicts and lists, leaves and holders."""
    yield path
    children: Any = ()
    if isinstance(data, dict):
        children = data.items()
    elif isinstance(data, list):
        children = enumerate(data)
    for key, child in children:
        yield from inner_nodes(child, (*path, key))


def alike(value: Any) -> list[Any]:
    """Values that are easily taken for another one."""
    found: list[Any] = [1, 1.0, True, "1", 0, 0.0, False, None, [], {}, str(value)]
    if isinstance(value, int | float):
        found += [float(value), math.nextafter(value, 9), value + 1e-10, value + 1]
        found += [int(value), -value or 0, value * 10]
    if isinstance(value, str):
        found += [f"{value} ", value.upper(), value[:-1], [value]]
    if isinstance(value, list):
        found += [
            value[::-1],
            value[:-1],
            value + value[:1],
            [value],
            sorted(value, key=str),
        ]
    if isinstance(value, dict):
        backwards = dict(reversed(value.items()))
        renamed = {f"{key}_": inner for key, inner in value.items()}
        fewer = dict(list(value.items())[:-1])
        found += [backwards, renamed, fewer, {**value, "new": None}]
        found += [{k: v for k, v in value.items() if v is not None}]
    return found


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_what_a_stage_receives_differently_dvc_keeps_apart(data: st.DataObject) -> None:
    """Never does the schema tell apart what DVC's comparison or its key confounds.

    So where DVC takes 1 for true, only one of them is accepted, or both mean the same.
    """
    section = data.draw(st.sampled_from(sorted(SECTIONS)))
    entry = ENTRIES[section][data.draw(st.sampled_from(sorted(ENTRIES[section])))]
    path = data.draw(st.sampled_from(sorted(inner_nodes(entry), key=str)))
    value: Any = entry
    for step in path:
        value = value[step]
    pair = [
        replace_leaf(entry, path, data.draw(st.sampled_from([value, *alike(value)])))
        for _ in range(2)
    ]
    meant = [received(section, each) for each in pair]
    if None in meant:
        return
    for first, second, *parts in zip(
        *meant, *(tracked(section, each) for each in pair), strict=True
    ):
        if first != second:
            assert parts[0] != parts[1], "DVC would run nothing"
            assert cache_key(parts[0]) != cache_key(parts[1]), "DVC would restore"


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_every_leaf_of_the_catalogue_is_kept_apart(section: str) -> None:
    """The same as above for all that is like the value that stands there."""
    pairs = 0
    for entry in ENTRIES[section].values():
        meant, parts = received(section, entry), tracked(section, entry)
        assert meant is not None
        for path, value in leaves(entry):
            for other in alike(value):
                changed = replace_leaf(entry, path, other)
                means = received(section, changed)
                if means is None:
                    continue
                for now, then, new, old in zip(
                    means, meant, tracked(section, changed), parts, strict=True
                ):
                    pairs += now != then
                    assert now == then or (
                        new != old and cache_key(new) != cache_key(old)
                    ), (path, value, other)
    assert pairs > 10


def test_going_back_and_forth_never_restores_another_output(tiny: Tiny) -> None:
    values: list[Any] = [0.1, 0.1000000001, "1", 1, 2, [1, 2], [2, 1], [[1], 2]]
    values += [{"a": None}, {}, {"b": None}, {"a": {"b": 1}}, {"a": {"c": 1}}, 1e-300]
    seen: list[str] = []
    for value in [*values, *values[::-1], *values[::2]]:
        text = json.dumps(value)
        expected = "restored" if text in seen else "ran"
        if seen and text == seen[-1]:
            expected = "nothing"
        assert tiny.repro(value) == expected
        assert json.dumps(tiny.made_with()) == text
        seen.append(text)


REASONS = """\
stages:
  cached:
    cmd: cp params.yaml cached
    deps: [source]
    params: [section]
    outs: [cached]
  without_dependency:
    cmd: cp params.yaml without_dependency
    params: [section]
    outs: [without_dependency]
  persistent:
    cmd: cp params.yaml persistent
    deps: [source]
    params: [section]
    outs: [persistent: {persist: true}]
  kept_in_git:
    cmd: cp params.yaml kept_in_git
    deps: [source]
    params: [section]
    outs: [kept_in_git: {cache: false}]
  metric_in_git:
    cmd: cp params.yaml metric.json
    deps: [source]
    params: [section]
    metrics: [metric.json: {cache: false}]
"""


def test_dvc_keeps_only_some_stages_in_its_run_cache(
    project: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("dvc.yaml").write_text(REASONS, "utf-8")
    for section in (1, 2):
        assert tiny.repro(section) == "ran"
    assert tiny.repro(1) == "ran"
    ran = {line.split("'")[1] for line in messages(tiny.log, "Running stage")}
    # A stage with parameters alone has them for its dependency.
    assert ran == {"persistent", "kept_in_git"}

    monkeypatch.chdir(project)
    PARAMS.write_text(json.dumps(ENTRIES), "utf-8")
    with Repo(uninitialized=True) as repo:
        for stage in repo.index.stages:
            assert stage.deps and stage.outs and not stage.always_changed
            assert all(each.protocol == "local" for each in stage.deps + stage.outs)
            for out in stage.outs:
                assert out.is_in_repo and not out.persist
                assert out.use_cache or out.is_metric or out.is_plot


def messages(log: pytest.LogCaptureFixture, start: str) -> list[str]:
    return [each for each in log.messages if each.startswith(start)]
