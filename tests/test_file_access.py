"""What the stages open: no file of the project that DVC does not know of.

Every stage of a small project runs under two tracers at once. `strace` sees what
libraries and children open too; Python's audit hook sees what Python opens, and works
where there is no strace. The stages run by hand: `dvc repro` would read files of its
own.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from clones import project_files
from pedigree.catalogue.read import read_catalogue
from pedigree.sections import load_yaml
from tracing import EXEMPT, Project, Trace, Traced, has_strace, is_in

ROOT = Path(__file__).resolve().parents[1]

# Modules of folders that a stage depends on, and imports only where it is asked to.
ON_DEMAND = {
    "src/pedigree/evaluation/classification/yardstick.py": "evaluate.yardstick",
    "src/pedigree/models/keras/brightness.py": "the layer random_brightness_factor",
    "src/pedigree/models/keras/cells.py": "the architecture char_lm",
}

TRACERS = ("audit", "strace")

STAGES = load_yaml(ROOT / "dvc.yaml")["stages"]


def modules_of(dependencies: Iterable[str]) -> Iterator[str]:
    """The modules among dependencies, those of a folder one by one."""
    for path in dependencies:
        if path.startswith("src/") and (ROOT / path).is_dir():
            for module in (ROOT / path).rglob("*.py"):
                yield module.relative_to(ROOT).as_posix()
        elif path.startswith("src/"):
            yield path


def parameters_of(experiments: Iterable[str]) -> dict[str, Any]:
    """Entries of the catalogue, cut short."""
    entries = deepcopy(read_catalogue(ROOT / "catalogue").entries)
    chosen: dict[str, Any] = {name: {} for name in entries}
    for name in experiments:
        experiment = chosen["experiments"][name] = entries["experiments"][name]
        experiment["train"]["epochs"] = 2
        experiment["evaluate"]["bootstrap"]["resamples"] = 100
        features = experiment["features"]
        chosen["features"][features] = entries["features"][features]
        dataset = entries["features"][features]["dataset"]
        for section in ("downloads", "datasets"):
            chosen[section][dataset] = entries[section][dataset]
    return chosen


def small_project(folder: Path, parameters: Any, store: Path) -> Project:
    """The project as it is, with other parameters and an empty MLflow store."""
    project = Project(folder, ROOT, project_files())
    (project.folder / "params.yaml").write_text(json.dumps(parameters))
    shutil.copytree(store, project.folder / "mlruns", dirs_exist_ok=True)
    return project


@pytest.fixture(scope="module")
def small(
    tmp_path_factory: pytest.TempPathFactory,
    store_template: Path,
    write_fashion: Callable[[Path], None],
    exemptions: Iterable[Any],
) -> Traced:
    """A table from raw bytes to a registered model, and images by a child process."""
    folder = tmp_path_factory.mktemp("traced")
    mirror = folder / "mirror/fashion_mnist"
    write_fashion(mirror)
    parameters = parameters_of(["breast_cancer_mlp"])
    parameters["searches"]["few_rates"] = {
        "experiment": "breast_cancer_mlp",
        "features": parameters["experiments"]["breast_cancer_mlp"]["features"],
        "architecture": "mlp",
        "tuner": {"kind": "grid"},
        "objective": {"metric": "val_loss", "direction": "min"},
        "epochs": 1,
        "space": {"train.optimizer.learning_rate": [0.01]},
    }
    parameters["downloads"]["fashion_mnist"] = {
        "kind": "keras",
        "name": "fashion_mnist",
        "files": [
            {"name": path.name, "sha256": sha256(path.read_bytes()).hexdigest()}
            for path in sorted(mirror.iterdir())
        ],
    }
    parameters["datasets"]["fashion_mnist"] = {
        "table": {"format": "keras", "name": "fashion_mnist"},
        "expectations": "fashion_mnist",
    }
    project = small_project(folder, parameters, store_template)
    stages = set(project.stages) - {"validate@fashion_mnist"}  # random pixels fail
    return Traced(project, trace_all(project, stages), exemptions)


def trace_all(project: Project, stages: Iterable[str]) -> dict[str, Trace]:
    """Trace stages one after the other, as `dvc repro` orders them."""
    return {
        address: project.trace(address)
        for address in project.stages
        if address in stages
    }


@pytest.fixture(params=TRACERS)
def tracer(request: pytest.FixtureRequest) -> str:
    if request.param == "strace" and not has_strace():
        pytest.skip("strace is not installed, or may not trace here")
    return str(request.param)


def test_no_stage_opens_what_it_does_not_declare(small: Traced, tracer: str) -> None:
    undeclared = {
        (address, path)
        for address, trace in small.traces.items()
        for path in small.undeclared(address, trace.opened[tracer])
    }
    assert undeclared == set()


def test_no_stage_writes_what_it_does_not_declare(small: Traced) -> None:
    for address, trace in small.traces.items():
        made = {p for p in trace.made if (small.project.folder / p).is_file()}
        assert small.undeclared(address, made) == set()


def test_a_trace_holds_the_code_of_its_stage(small: Traced, tracer: str) -> None:
    assert {address.partition("@")[0] for address in small.traces} == set(STAGES)
    for address, trace in small.traces.items():
        stage = small.project.stages[address]
        code = set(modules_of(stage.dependencies))
        assert code
        assert code - trace.opened[tracer] <= set(ON_DEMAND)


@pytest.mark.skipif(not has_strace(), reason="Python's hook sees no Parquet file")
def test_every_stage_opens_the_data_that_it_depends_on(small: Traced) -> None:
    for address, trace in small.traces.items():
        assert small.unopened(address, trace.opened["strace"]) == set()


def test_every_exemption_is_of_use(small: Traced) -> None:
    """What no stage opens or makes needs no exemption."""
    used: set[str] = set()
    for trace in small.traces.values():
        used = used.union(trace.made, *trace.opened.values())
    useless = {name for name in EXEMPT if not any(is_in(p, [name]) for p in used)}
    assert useless == set()


SPY = """
    Path("README.md").read_text("utf-8")
    pa.OSFile("docs/data.md").close()  # opened in C++
    list(Path("catalogue").iterdir())
"""


def test_a_hidden_input_and_a_needless_one_are_seen(small: Traced) -> None:
    """The control: a stage with both."""
    folder, address = small.project.folder, "ingest@breast_cancer"
    script, pipeline = folder / "src/pedigree/stages/ingest.py", folder / "dvc.yaml"
    lock = folder / "dvc.lock"
    texts = {path: path.read_text("utf-8") for path in (script, pipeline, lock)}
    needed = "      deps:\n        - data/external/${key}\n"
    needless = f"{needed}        - expectations/breast_cancer.yaml\n"
    code = re.sub(r"^def main.*\n.*\n", rf"\g<0>{SPY}", texts[script], flags=re.M)
    script.write_text(f"import pyarrow as pa\n{code}", "utf-8")
    pipeline.write_text(texts[pipeline].replace(needed, needless), "utf-8")
    lock.unlink()  # DVC hashes what its lock lacks each time, and so would open it
    try:
        opened = small.project.trace(address).opened
        undeclared = {name: small.undeclared(address, opened[name]) for name in opened}
        unopened = small.unopened(address, opened["strace"])
    finally:
        for path, text in texts.items():
            path.write_text(text, "utf-8")
    assert undeclared["audit"] == {"README.md", "catalogue"}
    if has_strace():
        assert undeclared["strace"] == {"README.md", "catalogue", "docs/data.md"}
        assert unopened == {"expectations/breast_cancer.yaml"}


@pytest.mark.slow
def test_a_stage_alone_with_what_it_declares_writes_the_same(
    small: Traced, tmp_path: Path
) -> None:
    small.project.commit(small.traces)
    for address in small.traces:
        outputs = small.project.outputs(address)
        alone = small.alone(address, tmp_path / address)
        alone.run(address)
        assert outputs
        assert alone.outputs(address) == outputs


@pytest.mark.slow
def test_images_open_no_more(
    tmp_path: Path, store_template: Path, exemptions: Iterable[Any]
) -> None:
    parameters = parameters_of(["digits_convnet"])
    project = small_project(tmp_path, parameters, store_template)
    images = Traced(project, trace_all(project, project.stages), exemptions)
    for address, trace in images.traces.items():
        for opened in trace.opened.values():
            assert images.undeclared(address, opened) == set()
