"""The proof of leaves, and what `dvc.yaml` says against what the code does."""

import ast
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import grimp
import pytest

from pedigree.catalogue.activation import activate
from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.experiments import UNREAD_EXPERIMENT_KEYS
from pedigree.params.file import UNREAD_SECTIONS
from pedigree.pipeline import Pipeline, change_leaves, replace_leaf
from pedigree.sections import FORBIDDEN_KEYS, leaves

ROOT = Path(__file__).resolve().parents[1]

# The stages of one experiment, and the section whose entries each is made for. Each
# needs an output of every stage before it or of one that does: whatever runs one of
# them again runs the later ones again.
OWNERS = {
    "fetch": "downloads",
    "ingest": "datasets",
    "validate": "datasets",
    "preprocess": "features",
    "train": "experiments",
    "evaluate": "experiments",
    "register": "experiments",
}
CHAIN = list(OWNERS)

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
    ("searches", "*"): "tune",
    ("monitoring", "*"): None,
}

# What else a search reads, of its experiment; no stage needs what it writes.
READ_BY_TUNE = [("experiments", "*", "model"), ("experiments", "*", "train")]

# Modules that a stage loads by a name, which no import statement shows.
CHOSEN = {
    "fetch": ["pedigree.data.sources.{downloads[kind]}"],
    "ingest": ["pedigree.data.formats.{table[format]}"],
    "preprocess": ["pedigree.data.transforms.{transform[kind]}"],
    "tune": ["pedigree.models.{architecture}"],
    "train": [
        "pedigree.models.{model[architecture]}",
        "pedigree.training.{train[library]}.train",
    ],
    "evaluate": [
        "pedigree.evaluation.{evaluate[task]}.task",
        "pedigree.models.{train[library]}.archive",
    ],
    "register": [
        "pedigree.tracking.pyfunc_model",  # MLflow runs this file by its path
        "pedigree.models.{train[library]}.archive",
    ],
}


def test_the_schema_lists_the_keys_that_no_stage_reads() -> None:
    unread = [key for key, stage in FIRST_READERS.items() if stage is None]
    keys = {key[-1] for key in unread if key[-1] != "*"}
    assert keys == set(UNREAD_EXPERIMENT_KEYS)
    sections = {key[0] for key in unread if key[-1] == "*"}
    assert sections == set(UNREAD_SECTIONS)


@pytest.fixture
def pipeline(project: Path) -> Pipeline:
    """Three experiments: images, a small table, a table of every kind of column."""
    activate(read_catalogue(), ["weather_mlp"])
    return Pipeline(project)


@pytest.fixture
def whole(project: Path) -> Pipeline:
    """The whole catalogue, with the datasets that no experiment uses."""
    content = json.dumps(read_catalogue().entries)  # which is YAML too
    (project / "params.yaml").write_text(content, "utf-8")
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


def commit_outputs(pipeline: Pipeline) -> None:
    """Let `dvc.lock` say that every stage has run, on the files as they are."""
    from dvc.repo import Repo

    for stage in pipeline.stages.values():
        for path in map(Path, stage.outputs):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("an output", "utf-8")
    with Repo(uninitialized=True) as repo:
        repo.commit(force=True)
        assert repo.status() == {}


def downstream(pipeline: Pipeline, path: str) -> set[str]:
    """The stages that need a file, or an output of one that does."""
    changed, affected = {path}, set()
    for name, stage in pipeline.stages.items():  # in the order of `dvc repro`
        if stage.dependencies & changed:
            affected.add(name)
            changed |= stage.outputs
    return affected


def test_an_edited_architecture_trains_only_what_uses_it(whole: Pipeline) -> None:
    users: dict[str, list[str]] = {}
    for name, experiment in whole.parameters["experiments"].items():
        users.setdefault(experiment["model"]["architecture"], []).append(name)
    assert len(users) > 1
    searches = whole.parameters["searches"].items()
    for architecture, names in users.items():
        affected = downstream(whole, f"src/pedigree/models/{architecture}.py")
        tuned = {f"tune@{s}" for s, e in searches if e["architecture"] == architecture}
        trained = {f"{s}@{name}" for s in CHAIN[4:] for name in names}
        assert affected == trained | tuned


# What Python and editors leave beside a module.
LITTER = (
    "__pycache__/{}.cpython-311.pyc",
    ".{}.py.swp",
    "{}.py~",
    "#{}.py#",
    "{}.py.orig",
    ".ipynb_checkpoints/{}-checkpoint.py",
)


def litter(path: Path) -> None:
    """Leave beside a module what is none."""
    for name in LITTER:
        file = path.parent / name.format(path.stem)
        file.parent.mkdir(exist_ok=True)
        file.write_text("no module", "utf-8")
    path.with_name(f".#{path.name}").symlink_to("somebody@here")  # a lock of Emacs


def test_dvc_itself_sees_the_modules_of_a_folder_and_nothing_else(
    project: Path,
) -> None:
    from dvc.repo import Repo

    commit_outputs(Pipeline(project))
    package, both = project / "src/pedigree", ("breast_cancer_mlp", "digits_convnet")
    edits = {
        "models/mlp.py": (["train"], both[:1]),
        "training/keras/fit.py": (["train"], both),
        "training/keras/new.py": (["train"], both),
        "models/keras/archive.py": (["train", "evaluate", "register"], both),
        "evaluation/classification/roc.py": (["evaluate"], both),
        "evaluation/regression/figures.py": ([], both),
    }
    for name in edits:
        litter(package / name)
    with Repo(uninitialized=True) as repo:
        assert repo.status() == {}
    for name, (stages, experiments) in edits.items():
        path = package / name
        before = path.read_bytes() if path.exists() else None
        path.write_bytes((before or b"") + b"# edited\n")
        with Repo(uninitialized=True) as repo:
            expected = {
                f"{s}@{experiment}" for s in stages for experiment in experiments
            }
            assert set(repo.status()) == expected, name
        path.unlink() if before is None else path.write_bytes(before)


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(
        "pedigree", exclude_type_checking_imports=True, cache_dir=None
    )


def closure(modules: Iterable[str]) -> set[str]:
    """The modules, and all that they import."""
    found = set(modules)
    for module in modules:
        assert module in imports().modules, f"there is no {file_of(module)}"
        found |= imports().find_upstream_modules(module)
    return found


def file_of(module: str) -> Path:
    return Path("src", *module.split(".")).with_suffix(".py")


def is_package(module: str) -> bool:
    return (ROOT / file_of(module)).with_suffix("").is_dir()


def entry_of(stage: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The entry that a stage was made for."""
    if stage == "fetch":
        return {"downloads": parameters["downloads"][name]}
    sections = {
        "ingest": "datasets",
        "validate": "datasets",
        "preprocess": "features",
        "tune": "searches",
    }
    return dict(parameters[sections.get(stage, "experiments")][name])


def imported(address: str, parameters: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The modules that a stage starts from, and all that these import."""
    stage, _, name = address.partition("@")
    started = {f"pedigree.stages.{stage}"}
    if stage in CHOSEN:
        entry = entry_of(stage, name, parameters)
        started |= {module.format(**entry) for module in CHOSEN[stage]}
    return started, closure(started)


def code_of(dependencies: Iterable[str]) -> Iterator[str]:
    """The modules among dependencies, those of a folder one by one."""
    for path in dependencies:
        if (ROOT / path).is_dir() and path.startswith("src/"):
            modules = (ROOT / path).rglob("*.py")
            yield from (
                str(module.relative_to(ROOT))
                for module in modules
                if module.name != "__init__.py"
            )
        elif path.startswith("src/"):
            yield path


def is_tolerated(address: str, path: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a stage may run again for what it does not need.

    A net in NumPy trains in seconds: it may run again with what only Keras models are
    put together from, which a template of `dvc.yaml` cannot tell apart.
    """
    stage, _, name = address.partition("@")
    if stage != "train":
        return False
    library = parameters["experiments"][name]["train"]["library"]
    module = Path(path).stem
    return library == "numpy" and module in ("augmentation", "build", "head")


def exempting(exemptions: Iterable[Any], module: str, stage: str) -> set[Any]:
    """The exemptions that a module has in a stage."""
    return {
        each
        for each in exemptions
        if each.stage in (stage, "every stage")
        and f"{module}.".startswith(f"{each.module}.")
    }


def test_dependencies_are_the_modules_that_shape_the_output(
    whole: Pipeline, exemptions: Iterable[Any]
) -> None:
    """Each stage of the catalogue names all code that it imports, and no other."""
    missing, needless = set(), set()
    for address, stage in whole.stages.items():
        script = address.partition("@")[0]
        started, reached = imported(address, whole.parameters)
        # What a stage starts from shapes its output, in an exempt package too.
        shaping = started | {
            module
            for module in reached
            if not exempting(exemptions, module, script) and not is_package(module)
        }
        shaping = {str(file_of(module)) for module in shaping}
        code = set(code_of(stage.dependencies))
        missing |= {(address, path) for path in shaping - code}
        needless |= {
            (address, path)
            for path in code - shaping
            if not is_tolerated(address, path, whole.parameters)
        }
    assert (sorted(missing), sorted(needless)) == ([], [])


def test_every_exemption_is_of_use(whole: Pipeline, exemptions: Iterable[Any]) -> None:
    used = set()
    for address in whole.stages:
        for module in imported(address, whole.parameters)[1]:
            used |= exempting(exemptions, module, address.partition("@")[0])
    assert used == set(exemptions)


def test_packages_hold_no_code() -> None:
    for path in (ROOT / "src/pedigree").rglob("__init__.py"):
        if path.parent.name != "cli":
            statements = ast.parse(path.read_text("utf-8")).body
            assert all(isinstance(each, ast.Expr) for each in statements), path


def test_every_dependency_exists_or_is_made(whole: Pipeline) -> None:
    made = {path for stage in whole.stages.values() for path in stage.outputs}
    needed = {path for stage in whole.stages.values() for path in stage.dependencies}
    placed = {path for path in needed if path.startswith("data/external/")}  # by hand
    given = needed - made - placed
    assert {path for path in given if not (ROOT / path).exists()} == set()


def test_every_stage_can_be_run_from_the_cache(whole: Pipeline) -> None:
    """DVC's run cache takes stages with a dependency and an output, and no others."""
    for stage in whole.stages.values():
        assert stage.dependencies
        assert stage.outputs


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
