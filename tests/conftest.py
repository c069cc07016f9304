"""What tests of the whole project share."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from clones import Clone, copy_project
from families import FAMILIES

if TYPE_CHECKING:
    from pedigree.pipeline import Pipeline

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT = "breast_cancer_mlp"


# Files that share a clone which takes a minute to make; the longest come first, so that
# no process is left alone with one of them.
LONG = {
    "test_lineage.py": "trained",
    "test_promotion.py": "trained",
    "test_end_to_end.py": "trained",
    "test_serving.py": "trained",
    "test_exactness.py": "two clones",
    "test_sigkill.py": "two clones",
    "test_file_access.py": "traced",
}


# First: pytest-xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file, and of files that share a clone, in one process."""
    for item in items:
        group = LONG.get(item.path.name, str(item.path))
        item.add_marker(pytest.mark.xdist_group(group))
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, list[str]]:
    """A clone with one short experiment, and the stages that ran: copy it."""
    clone = Clone(tmp_path_factory.mktemp("trained"))
    copy_project(clone.folder)
    clone.run("git", "init", "--quiet")
    clone.run("pedigree", "deactivate", "--all")
    clone.run("pedigree", "activate", EXPERIMENT)
    entry = ("experiments", EXPERIMENT)
    clone.change(*entry, "train", "epochs", value=3)
    clone.change(*entry, "evaluate", "bootstrap", "resamples", value=100)
    clone.commit("Before the training")
    ran = clone.repro()
    clone.commit("After the training")
    return clone, ran


class Exemption(NamedTuple):
    """A module, or all of a package, that cannot change what a stage writes."""

    module: str
    reason: str
    stage: str = "every stage"


PINNED = "what fetch writes is pinned by sums: other code brings the same or nothing"

EXEMPTIONS = (
    Exemption("pedigree.errors", "the words of errors; a failed stage writes nothing"),
    Exemption(
        "pedigree.sections", "reads YAML, refuses what is wrong, changes nothing"
    ),
    Exemption(
        "pedigree.params", "the schema; the values that a stage reads are tracked"
    ),
    Exemption("pedigree.tracking", "writes to MLflow, never into an output"),
    Exemption("pedigree.data.data_docs", "writes pages for MLflow, no output"),
    Exemption("pedigree.data.description", "words of tables and pages, no output"),
    Exemption("pedigree.data.formats", PINNED, "fetch"),
    Exemption("pedigree.data.raw", PINNED, "fetch"),
    Exemption("pedigree.data.sources.seedrandom", PINNED, "fetch"),
)


@pytest.fixture(scope="session")
def exemptions() -> tuple[Exemption, ...]:
    """What stages import and do not depend on; packages hold no code."""
    return EXEMPTIONS


@pytest.fixture(scope="session")
def write_fashion() -> Callable[[Path], None]:
    """Writes a small Fashion-MNIST, in the published files' format, into a folder."""
    import numpy as np

    def write(folder: Path) -> None:
        folder.mkdir(parents=True)
        generator = np.random.default_rng(0)
        for split, rows in {"train": 20, "t10k": 10}.items():
            images = generator.integers(0, 256, (rows, 28, 28), np.uint8)
            labels = np.arange(rows, dtype=np.uint8) % 10
            for name, offset, array in (
                ("images-idx3", 16, images),
                ("labels-idx1", 8, labels),
            ):
                content = gzip.compress(bytes(offset) + array.tobytes(), mtime=0)
                (folder / f"{split}-{name}-ubyte.gz").write_bytes(content)

    return write


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's text in which the quick start is active."""
    from pedigree.catalogue.activation import activate
    from pedigree.catalogue.read import read_catalogue

    for folder in ("catalogue", "expectations", "src/pedigree"):
        shutil.copytree(
            ROOT / folder,
            tmp_path / folder,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for file in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc/config", tmp_path / ".dvc")
    (tmp_path / "params.yaml").write_text("# What this checkout runs.\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    catalogue = read_catalogue()
    activate(catalogue, catalogue.select(study="quickstart"))
    return tmp_path


@pytest.fixture
def whole(project: Path) -> "Pipeline":
    """The whole catalogue, with the datasets that no experiment uses."""
    from pedigree.catalogue.read import read_catalogue
    from pedigree.pipeline import Pipeline

    content = json.dumps(read_catalogue().entries)  # which is YAML too
    (project / "params.yaml").write_text(content, "utf-8")
    return Pipeline(project)


@pytest.fixture(scope="session")
def store_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty MLflow store: migrations take seconds, a copy does not."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        from pedigree.tracking.store import open_client

        open_client()
    return folder / "mlruns"


@pytest.fixture
def store(
    store_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An empty MLflow store below a temporary working folder."""
    shutil.copytree(store_template, tmp_path / "mlruns")
    monkeypatch.chdir(tmp_path)
    # Set and not deleted: opening a store sets it, and that has to be undone.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    yield tmp_path / "mlruns"
    import mlflow

    mlflow.set_tracking_uri(None)


def _another_locale() -> str:
    """A locale whose numbers have a comma, where there is one."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True)
    german = [name for name in known.stdout.split() if name.startswith("de_DE")]
    return [*german, "C.UTF-8"][0]


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(["convnet"], id="convnet"),
        pytest.param(list(FAMILIES), id="every family", marks=pytest.mark.slow),
    ],
)
def two_clones(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Clone, Clone]:
    """The same small experiments, run by two users in clones at two paths."""
    one = Clone(
        tmp_path_factory.mktemp("clone"),
        HOME=str(tmp_path_factory.mktemp("somebody")),
        USER="somebody",
        LOGNAME="somebody",
        PYTHONHASHSEED="0",
        TZ="UTC",
        LC_ALL="C",
    )
    other = Clone(
        tmp_path_factory.mktemp("another path") / "für mich",
        HOME=str(tmp_path_factory.mktemp("änne")),
        USER="änne",
        LOGNAME="änne",
        PYTHONHASHSEED="4711",
        TZ="Asia/Tokyo",
        LC_ALL=_another_locale(),
    )
    experiments = {name: FAMILIES[name] for name in request.param}
    running = []
    for clone in (one, other):
        clone.make(experiments)
        running.append(clone.start("dvc", "repro", *clone.last_stages))
    for process in running:
        Clone.wait(process)
    return one, other
