"""What tests of the whole project share."""

import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT = "breast_cancer_mlp"


class Checkout:
    """A clone of the project with one short experiment."""

    ran_first: list[str]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def copy(self, target: Path) -> "Checkout":
        """Copy all of it to another place, caches and the MLflow store included."""
        shutil.copytree(self.folder, target, symlinks=True)
        return Checkout(target)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        source = str(self.folder / "src")
        unset = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "KERAS_BACKEND")
        inherited = {k: v for k, v in os.environ.items() if k not in unset}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=inherited | {"PATH": path, "PYTHONPATH": source} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def repro(self, *arguments: str, **environment: str) -> list[str]:
        """Run `dvc repro` and return the stages that ran."""
        done = self.run("dvc", "repro", *arguments, **environment)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return self.ran(done.stdout)

    @staticmethod
    def ran(output: str) -> list[str]:
        mark = "Running stage '"
        lines = [line for line in output.splitlines() if line.startswith(mark)]
        return [line.removeprefix(mark).split("'")[0] for line in lines]

    def change(self, *keys: str, value: object) -> None:
        """Change one leaf of params.yaml."""
        yaml = YAML()
        document = yaml.load(self.folder / "params.yaml")
        section = document
        for key in keys[:-1]:
            section = section[key]
        section[keys[-1]] = value
        with (self.folder / "params.yaml").open("w") as file:
            yaml.dump(document, file)

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def outputs(self) -> dict[str, bytes]:
        """The bytes of all outputs of the experiment."""
        folders = [f"models/{EXPERIMENT}", f"reports/{EXPERIMENT}", "data"]
        files = [f for name in folders for f in (self.folder / name).rglob("*")]
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in files
            if file.is_file()
        }

    def rows(self, query: str) -> list[tuple]:
        """Ask the MLflow store, without MLflow."""
        with sqlite3.connect(self.folder / "mlruns/mlflow.db") as store:
            return store.execute(query).fetchall()

    def commit(self, message: str) -> None:
        """Commit all that git does not ignore."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        for command in (
            ["git", "add", "--all"],
            ["git", *identity, "commit", "--quiet", "--message", message],
        ):
            assert self.run(*command).returncode == 0


def copy_project(target: Path) -> None:
    """Copy the files of the project that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone of the project with one short experiment, trained: copy it."""
    folder = tmp_path_factory.mktemp("trained")
    copy_project(folder)
    shutil.rmtree(folder / "reports", ignore_errors=True)
    (folder / "dvc.lock").unlink(missing_ok=True)
    clone = Checkout(folder)
    for command in (
        ["git", "init", "--quiet"],
        ["pedigree", "deactivate", "--all"],
        ["pedigree", "activate", EXPERIMENT],
    ):
        done = clone.run(*command)
        assert done.returncode == 0, done.stderr
    clone.change("experiments", EXPERIMENT, "train", "epochs", value=3)
    clone.change(
        "experiments", EXPERIMENT, "evaluate", "bootstrap", "resamples", value=100
    )
    clone.commit("Before the training")
    clone.ran_first = clone.repro()
    clone.commit("After the training")
    return clone


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
    Exemption("pedigree.data.formats", PINNED, "fetch"),
    Exemption("pedigree.data.raw", PINNED, "fetch"),
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
