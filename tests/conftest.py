"""What tests of the whole project share."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clones import Clone
from families import FAMILIES

ROOT = Path(__file__).resolve().parents[1]


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
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    (tmp_path / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc/config", tmp_path / ".dvc")
    (tmp_path / "params.yaml").write_text("# What this checkout runs.\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    catalogue = read_catalogue()
    activate(catalogue, catalogue.select(study="quickstart"))
    return tmp_path


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
