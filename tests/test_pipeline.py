"""The proof of leaves: which stages run again after a change."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pedigree.catalogue.activation import activate
from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.experiments import UNREAD_EXPERIMENT_KEYS
from pedigree.params.file import UNREAD_SECTIONS
from pedigree.params.searches import UNREAD_SEARCH_KEYS
from pedigree.pipeline import Pipeline, change_leaves, replace_leaf
from pedigree.sections import FORBIDDEN_KEYS, leaves
from stages_of_dvc import CHAIN, OWNERS, commit_outputs

# Which stage is the first to read a leaf, by the beginning of its path.
FIRST_READERS = {
    ("downloads", "*"): "fetch",
    ("datasets", "*", "table"): "ingest",
    ("datasets", "*", "expectations"): "validate",
    ("features", "*", "dataset"): "preprocess",
    ("features", "*", "split"): "preprocess",
    ("features", "*", "transform"): "preprocess",
    ("experiments", "*", "features"): "train",
    ("experiments", "*", "model"): "train",
    ("experiments", "*", "train"): "train",
    ("experiments", "*", "evaluate"): "evaluate",
    ("experiments", "*", "register"): "register",
    ("experiments", "*", "study"): None,
    ("experiments", "*", "title"): None,
    ("experiments", "*", "published"): None,
    ("experiments", "*", "expected_failure"): None,
    ("promotion", "*"): None,
    ("searches", "*", "experiment"): "tune",
    ("searches", "*", "features"): "tune",
    ("searches", "*", "architecture"): "tune",
    ("searches", "*", "tuner"): "tune",
    ("searches", "*", "objective"): "tune",
    ("searches", "*", "epochs"): "tune",
    ("searches", "*", "space"): "tune",
    ("searches", "*", "published"): None,
    ("monitoring", "*"): None,
}

# What else a search reads, of its experiment; no stage needs what it writes.
READ_BY_TUNE = [("experiments", "*", "model"), ("experiments", "*", "train")]


def test_the_schema_lists_the_keys_that_no_stage_reads() -> None:
    unread = [key for key, stage in FIRST_READERS.items() if stage is None]
    keys = {key[-1] for key in unread if key[-1] != "*"}
    assert keys == {*UNREAD_EXPERIMENT_KEYS, *UNREAD_SEARCH_KEYS}
    sections = {key[0] for key in unread if key[-1] == "*"}
    assert sections == set(UNREAD_SECTIONS)


@pytest.fixture
def pipeline(project: Path) -> Pipeline:
    """Three experiments: images, a small table, a table of every kind of column."""
    activate(read_catalogue(), ["weather_mlp"])
    return Pipeline(project)


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else ["x"]


def kind_of(path: tuple[Any, ...]) -> tuple[str, ...]:
    (kind,) = {
        pattern
        for pattern in FIRST_READERS
        if len(pattern) <= len(path)
        and all(p in ("*", step) for p, step in zip(pattern, path, strict=False))
    }
    return kind


def chains(parameters: Any) -> Iterator[dict[str, str]]:
    """The entries that belong together: of a dataset, of features, of an experiment."""
    for name in parameters["datasets"]:
        yield {"downloads": name, "datasets": name}
    for name, entry in parameters["features"].items():
        dataset = entry["dataset"]
        yield {"downloads": dataset, "datasets": dataset, "features": name}
    for name, entry in parameters["experiments"].items():
        features = entry["features"]
        dataset = parameters["features"][features]["dataset"]
        owners = {"downloads": dataset, "datasets": dataset, "features": features}
        yield owners | {"experiments": name}


def expected(path: tuple[Any, ...], parameters: Any) -> set[str]:
    """What has to run again, told from the design and the references alone."""
    reader, (section, name) = FIRST_READERS[kind_of(path)], path[:2]
    stages = set()
    for owners in chains(parameters):
        if reader is None or owners.get(section) != name:
            continue
        chain = [
            f"{stage}@{owners[OWNERS[stage]]}"
            for stage in CHAIN
            if OWNERS[stage] in owners
        ]
        stages |= set(chain[CHAIN.index(reader) :])
    for search, entry in parameters["searches"].items():
        features = entry["features"]
        dataset = parameters["features"][features]["dataset"]
        owners = {"downloads": dataset, "datasets": dataset, "features": features}
        owners |= {"searches": search}
        if kind_of(path) in READ_BY_TUNE:
            owners["experiments"] = entry["experiment"]
        if reader is not None and owners.get(section) == name:
            stages.add(f"tune@{search}")
    return stages


def test_every_leaf_runs_exactly_its_stages_again(whole: Pipeline) -> None:
    """Every leaf of every entry of the catalogue, all of them active."""
    parameters = whole.parameters
    paths = list(leaves(parameters))
    assert len(paths) > 450
    wrong = {}
    for path, value in paths:
        affected = whole.affected(replace_leaf(parameters, path, another(value)))
        if set(affected) != expected(path, parameters):
            wrong[path] = affected
    assert not wrong


def test_a_shared_leaf_runs_every_experiment_again(whole: Pipeline) -> None:
    parameters = whole.parameters
    for path, value in [
        (("datasets", "weather_aus", "table", "missing", 0), "-"),
        (("downloads", "fashion_mnist_csv", "files", 0, "sha256"), "a" * 64),
        (("features", "fashion_csv_28", "split", "validation", "seed"), 0),
    ]:
        affected = whole.affected(replace_leaf(parameters, path, value))
        assert set(affected) == expected(path, parameters)
        assert len([name for name in affected if name.startswith("train@")]) == 2


def test_what_only_evaluate_reads_runs_evaluate_and_register(
    pipeline: Pipeline,
) -> None:
    key = "experiments.weather_mlp.evaluate"
    assert pipeline.affected(change_leaves(pipeline.parameters, key)) == [
        "evaluate@weather_mlp",
        "register@weather_mlp",
    ]


def test_stages_come_in_the_order_of_the_pipeline(pipeline: Pipeline) -> None:
    affected = pipeline.affected(change_leaves(pipeline.parameters, "downloads"))
    assert sorted(affected) == sorted(pipeline.stages)
    for place, name in enumerate(affected):
        needed = {
            maker
            for maker, stage in pipeline.stages.items()
            if stage.outputs & pipeline.stages[name].dependencies
        }
        assert needed <= set(affected[:place])


def test_dvc_itself_finds_the_same_stages_changed(project: Path) -> None:
    """`dvc status` after a change of one leaf of each kind, drawn at random."""
    from dvc.repo import Repo

    names = ["weather_fnn_1_2_1", "weather_mlp", "fashion_bn_cnn_grid"]
    activate(read_catalogue(), names)
    pipeline = Pipeline(project)
    commit_outputs(pipeline)
    kinds: dict[Any, list[Any]] = {pattern: [] for pattern in FIRST_READERS}
    for path, value in leaves(pipeline.parameters):
        kinds[kind_of(path)].append((path, value))
    parameters, told = pipeline.parameters, set()
    for path, value in map(Random(0).choice, filter(None, kinds.values())):
        told |= {*pipeline.changed(replace_leaf(parameters, path, another(value)))}
        parameters = replace_leaf(parameters, path, another(value))
    Path("params.yaml").write_text(json.dumps(parameters), "utf-8")
    with Repo(uninitialized=True) as repo:
        assert set(repo.status()) == told
    assert {name.partition("@")[0] for name in told} == {*CHAIN, "tune"}
    assert len(told) < len(pipeline.stages)


def test_a_reference_to_another_entry_rewires_the_graph(whole: Pipeline) -> None:
    parameters = whole.parameters
    for path, reference, names in [
        (
            ("experiments", "weather_mlp", "features"),
            "breast_cancer_30",
            ["train@weather_mlp", "evaluate@weather_mlp", "register@weather_mlp"],
        ),
        (
            ("features", "weather_all", "dataset"),
            "breast_cancer",
            [
                "preprocess@weather_all",
                "train@weather_mlp",
                "evaluate@weather_mlp",
                "register@weather_mlp",
            ],
        ),
    ]:
        assert whole.affected(replace_leaf(parameters, path, reference)) == names


TINY = """
stages:
  make:
    foreach: ${makers}
    do:
      cmd: cat ${item.from} > ${item.to}; echo ${key} ${item.word} >> ${item.to}
      deps: ["${item.from}"]
      outs: ["${item.to}"]
"""


@pytest.mark.parametrize(
    "changes",
    [
        {"first.word": "other"},
        {"third.from": "b"},  # nothing else needs it: an edge is replaced
        {"second.from": "a", "first.from": "c"},  # the two change places
        {"first.to": "f"},  # `f` is a file that the fifth needs; `b` is one now
        {"first.to": "f", "third.from": "f"},
        {"third.to": "g"},  # what the fourth needed stays as it was
    ],
)
def test_dvc_runs_again_what_is_affected_in_the_new_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]
) -> None:
    from dvc.repo import Repo

    monkeypatch.chdir(tmp_path)
    makers = {
        "first": {"from": "a", "to": "b", "word": "w"},
        "second": {"from": "b", "to": "c", "word": "w"},
        "third": {"from": "c", "to": "d", "word": "w"},
        "fourth": {"from": "d", "to": "e", "word": "w"},
        "fifth": {"from": "f", "to": "h", "word": "w"},
    }
    Path("dvc.yaml").write_text(TINY, "utf-8")
    Path("params.yaml").write_text(json.dumps({"makers": makers}), "utf-8")
    for name in "af":
        Path(name).write_text(name, "utf-8")
    with Repo.init(no_scm=True) as repo:
        repo.reproduce()
    pipeline = Pipeline()
    parameters = pipeline.parameters
    for key, value in changes.items():
        parameters = replace_leaf(parameters, ["makers", *key.split(".")], value)
    affected = pipeline.affected(parameters)
    assert pipeline.affected(pipeline.parameters) == []
    Path("params.yaml").write_text(json.dumps(parameters), "utf-8")
    with Repo() as repo:
        ran = [stage.name for stage in repo.reproduce()]
    assert affected == ran


def test_no_parameter_bears_a_name_that_the_run_cache_drops(whole: Pipeline) -> None:
    names = {step for path, _ in leaves(whole.parameters) for step in path}
    assert not names & FORBIDDEN_KEYS


def test_a_dotted_name_is_found() -> None:
    parameters = {"published": {"test.accuracy": 0.9, "test.accuracy_macro": 0.8}}
    changed = change_leaves(parameters, "published.test.accuracy")["published"]
    assert changed["test.accuracy"] != 0.9
    assert changed["test.accuracy_macro"] == 0.8


@pytest.mark.parametrize("key", ["", "experiments.digits", "evaluate", "features."])
def test_an_unknown_key_is_refused(pipeline: Pipeline, key: str) -> None:
    with pytest.raises(WrongUseError, match="KEY must be a key of"):
        change_leaves(pipeline.parameters, key)


def test_an_empty_list_can_change() -> None:
    assert change_leaves({"a": {"b": [], "c": {}}}, "a") == {
        "a": {"b": ["another"], "c": {}}
    }


@pytest.mark.parametrize(
    ("old", "new", "received"),
    [
        ("${item.kind}", "${item.sort}", "Could not find 'item.sort'"),
        ("foreach: ${downloads}", "foreach: ${download}", "Could not find 'download'"),
        ("cmd: python", "command: python", "extra keys not allowed"),
        ("data/raw/${key}", "data/external/${key}", "data/external/"),
    ],
)
def test_a_wrong_template_is_explained(
    project: Path, old: str, new: str, received: str
) -> None:
    text = (project / "dvc.yaml").read_text("utf-8")
    assert old in text
    (project / "dvc.yaml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(WrongUseError) as caught:
        assert Pipeline(project).stages
    assert received in caught.value.rule
    assert len(str(caught.value).splitlines()) == 2


def test_a_missing_pipeline_is_named(project: Path) -> None:
    shutil.move(project / "dvc.yaml", project / "other.yaml")
    with pytest.raises(WrongUseError, match=r"dvc\.yaml must exist"):
        Pipeline(project)
