"""What `dvc.yaml` says that stages depend on, against what the code imports."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import grimp

from pedigree.pipeline import Pipeline
from stages_of_dvc import CHAIN, commit_outputs

ROOT = Path(__file__).resolve().parents[1]

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
