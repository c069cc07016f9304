"""A pipeline of one tiny stage, in a git and DVC repository of its own."""

import gc
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PARAMETERS = """\
experiments:
  one: {study: lessons, features: f, train: {rate: 0.1, then: succeed}}
"""

PIPELINE = """\
stages:
  train:
    foreach: ${experiments}
    do:
      cmd: python train.py ${key} ${item.features}
      deps:
        - data/prepared/${item.features}
        - train.py
      params:
        - experiments.${key}.train
      outs:
        - models/${key}
      plots:
        - reports/${key}/history.csv:
            cache: false
"""

SCRIPT = """\
import time
from pathlib import Path

from pedigree.errors import RefusedError
from pedigree.sections import (load_yaml)
from pedigree.tracking.stage import run_stage


def main(run, experiment, features):
    values = load_yaml(Path("params.yaml"))["experiments"][experiment]["train"]
    model = Path("models", experiment, "model.keras")
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(str(values["rate"]))
    run.log_metrics({"loss": 1 - values["rate"]}, step=1)
    if values["then"] == "refuse":
        raise RefusedError("rate must be better. Received: rate", "Raise it.")
    if values["then"] == "crash":
        raise ZeroDivisionError("a defect")
    if values["then"] == "forget":
        return
    if values["then"] == "wait":
        print("waiting", flush=True)
        time.sleep(60)
    history = Path("reports", experiment, "history.csv")
    history.parent.mkdir(parents=True, exist_ok=True)
    history.write_text(f"epoch,loss\\n1,{1 - values['rate']}\\n2,0.25\\n")


if __name__ == "__main__":
    run_stage(main)
"""


@pytest.fixture(scope="session")
def repository_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    files = {
        "params.yaml": PARAMETERS,
        "dvc.yaml": PIPELINE,
        "train.py": SCRIPT,
        "data/prepared/f/x": "1",
        ".gitignore": "/data\n/models\n/mlruns\n__pycache__\n",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (
        ["git", "init", "--quiet"],
        [sys.executable, "-m", "dvc", "init", "--quiet"],
        [sys.executable, "-m", "dvc", "config", "core.analytics", "false"],
        ["git", "add", "--all"],
        ["git", *identity, "commit", "--quiet", "--message", "first"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    return folder


@pytest.fixture
def repository(repository_template: Path, store: Path) -> Iterator[Path]:
    """A committed project with an empty store, as the working folder."""
    root = store.parent
    shutil.copytree(repository_template, root, dirs_exist_ok=True)
    handlers = {
        each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)
    }
    yield root
    gc.enable()
    gc.unfreeze()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def run_script(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Run the stage script in this process, as DVC does: without its outputs."""

    def run(*arguments: str, deleted: bool = True) -> None:
        from pedigree.tracking.stage import run_stage

        if deleted:
            shutil.rmtree(repository / "models", ignore_errors=True)
            shutil.rmtree(repository / "reports", ignore_errors=True)
        specification = spec_from_file_location("train", repository / "train.py")
        assert specification and specification.loader
        module = module_from_spec(specification)
        specification.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        run_stage(module.main)

    return run


@pytest.fixture
def commit(repository: Path) -> Callable[[], None]:
    """Let DVC record the outputs in dvc.lock and in its caches."""

    def run() -> None:
        from dvc.repo import Repo

        Repo(str(repository)).commit("train@one", force=True)

    return run


@pytest.fixture
def set_parameter(repository: Path) -> Callable[[str, str], None]:
    def run(old: str, new: str) -> None:
        path = repository / "params.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return run
