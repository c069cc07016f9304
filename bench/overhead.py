"""What the pipeline costs beside a bare Keras script, and how it grows.

usage: python bench/overhead.py [--rounds N] [--epochs N] [--part PART]...

Runs in a clone in a temporary folder; this checkout is not touched. The parts:

training   `fashion_csv_vgg_lite` by `bench/bare_keras.py` and by the pipeline, in
           turns; needs the mirror (PEDIGREE_MIRROR) or a network
tracking   `digits_convnet` for 1 epoch and for about a minute, without tracking, by its
           stage's script and by DVC, in turns
noop       a `dvc repro` that finds nothing to do, with 1, 5 and 20 experiments
imports    what each stage imports, in seconds
memory     the highest memory of each stage of the default set
"""

import argparse
import itertools
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
MINUTE = 180  # epochs of digits_convnet
EXPERIMENT, FEATURES = "fashion_csv_vgg_lite", "fashion_csv_28"
STAGES = ["fetch", "ingest", "validate", "preprocess", "train", "evaluate", "register"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--part", action="append", choices=PARTS)
    arguments = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )
    for part in arguments.part or PARTS:
        print(f"\n## {part}")
        with tempfile.TemporaryDirectory() as folder:
            clone = Clone(Path(folder, "pedigree"))
            PARTS[part](clone, arguments)


class Cost(NamedTuple):
    """Seconds by the clock, and of processors, which a busy machine disturbs less."""

    wall: float
    cpu: float


class Clone:
    """A clone of this checkout, its uncommitted changes included."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run(["git", "clone", "--quiet", str(ROOT), str(folder)], ROOT)
        listed = subprocess.run(
            ["git", "ls-files", "--modified", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.splitlines()):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, target)

    def run(self, *command: str) -> float:
        """Run a command in the clone and return its seconds."""
        return run(command, self.folder)

    def cost(self, *command: str) -> "Cost":
        """Run a command in the clone and return its seconds, waits for others apart."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = self.run(*command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return Cost(
            wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        )

    def capture(self, command: Sequence[str]) -> str:
        """Run a command in the clone and return what it prints."""
        return _checked(command, self.folder).stdout

    def peak(self, *command: str) -> float:
        """Run a command in the clone and return its highest resident memory in MiB."""
        code = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True,"
            " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        return int(self.capture([sys.executable, "-c", code, *command])) / 1024

    def parameters(self, change) -> None:
        """Change params.yaml."""
        path, yaml = self.folder / "params.yaml", YAML()
        document = yaml.load(path)
        change(document)
        with path.open("w") as file:
            yaml.dump(document, file)


def run(command: Sequence[str], folder: Path) -> float:
    started = time.perf_counter()
    _checked(command, folder)
    return time.perf_counter() - started


def _checked(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    mirror = os.environ.get("PEDIGREE_MIRROR")
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    if mirror:
        environment["PEDIGREE_MIRROR"] = str(Path(mirror).resolve())
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done


def training(clone: Clone, arguments: argparse.Namespace) -> None:
    """The same training by a bare script and by the pipeline, in turns."""
    clone.run("pedigree", "deactivate", "--all")
    clone.run("pedigree", "activate", EXPERIMENT)
    clone.parameters(_set_epochs(EXPERIMENT, arguments.epochs))
    clone.run("dvc", "repro")
    output = str(clone.folder / "bare.keras")
    prepared = f"data/prepared/{FEATURES}"
    bare: list[float] = []
    stage: list[float] = []
    together: list[float] = []
    for _ in range(arguments.rounds):
        script = str(ROOT / "bench/bare_keras.py")
        epochs = str(arguments.epochs)
        bare.append(clone.run(sys.executable, script, prepared, epochs, output))
        train = _stage(clone, "train", EXPERIMENT)
        others = [
            _stage(clone, "preprocess", FEATURES),
            _stage(clone, "evaluate", EXPERIMENT),
            _stage(clone, "register", EXPERIMENT),
        ]
        stage.append(train)
        together.append(train + sum(others))
    _row("bare Keras script", bare, bare)
    _row("train, by DVC", stage, bare)
    _row("preprocess, train, evaluate, register", together, bare)


def tracking(clone: Clone, arguments: argparse.Namespace) -> None:
    """The same training without tracking, as a stage, and as a stage below DVC."""
    experiment, features = "digits_convnet", "digits_8"
    clone.run("dvc", "repro", f"preprocess@{features}")
    untracked = str(ROOT / "bench/untracked.py")
    target = f"train@{experiment}"
    ways = {
        "untracked": (sys.executable, untracked, experiment, features),
        "stage": (sys.executable, "-m", "pedigree.stages.train", experiment, features),
        "dvc repro": ("dvc", "repro", "--single-item", "--force", target),
    }
    # What a run costs once shows best where there is little else.
    clone.parameters(_set_epochs(experiment, 1))
    print("1 epoch")
    _compare(clone, ways, 3 * arguments.rounds)
    clone.parameters(_set_epochs(experiment, MINUTE))
    print(f"{MINUTE} epochs")
    del ways["dvc repro"]
    _compare(clone, ways, arguments.rounds)


def _compare(clone: Clone, ways: dict[str, Sequence[str]], rounds: int) -> None:
    """Run each way in turns; a way is compared with the first and the one before."""
    costs: dict[str, list[Cost]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, command in ways.items():
            costs[way].append(clone.cost(*command))
    first = next(iter(ways))
    for unit in Cost._fields:
        seconds = {
            way: [getattr(cost, unit) for cost in each] for way, each in costs.items()
        }
        for way in ways:
            _row(f"{way}, {unit}", seconds[way], seconds[first])
        for other, way in itertools.pairwise(ways):
            _difference(f"{way} less {other}, {unit}", seconds[way], seconds[other])


def _set_epochs(experiment: str, epochs: int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["experiments"][experiment]["train"]["epochs"] = epochs

    return change


def _difference(label: str, seconds: list[float], other: list[float]) -> None:
    differences = [a - b for a, b in zip(seconds, other, strict=True)]
    print(
        f"{label:40} median {statistics.median(differences):7.2f} s "
        f"({min(differences):.2f} to {max(differences):.2f})"
    )


def _stage(clone: Clone, name: str, key: str) -> float:
    return clone.run("dvc", "repro", "--single-item", "--force", f"{name}@{key}")


def _row(label: str, seconds: list[float], yardstick: list[float]) -> None:
    ratios = [one / other for one, other in zip(seconds, yardstick, strict=True)]
    print(
        f"{label:40} median {statistics.median(seconds):7.1f} s "
        f"({min(seconds):.1f} to {max(seconds):.1f})  "
        f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to "
        f"{max(ratios):.3f}), {len(seconds)} rounds"
    )


def noop(clone: Clone, arguments: argparse.Namespace) -> None:
    """A repro that finds nothing to do, with 1, 5 and 20 experiments."""
    clone.run("pedigree", "deactivate", "digits_convnet")
    clone.parameters(_set_epochs("breast_cancer_mlp", 1))
    clone.run("dvc", "repro")
    for number in (1, 5, 20):
        _copy_experiment(clone, number)
        seconds = [clone.run("dvc", "repro") for _ in range(max(arguments.rounds, 5))]
        checks = [clone.run("pedigree", "check") for _ in range(5)]
        stages = 4 + 3 * number
        print(
            f"{number:3} experiments, {stages:3} stages: dvc repro median "
            f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to "
            f"{max(seconds):.2f}, {len(seconds)} runs), pedigree check median "
            f"{statistics.median(checks):.2f} s"
        )


def _copy_experiment(clone: Clone, number: int) -> None:
    """Have so many experiments, by copies of the results of the first."""

    def copies(document) -> None:
        experiments = document["experiments"]
        for i in range(1, number):
            experiments[f"copy_{i}"] = experiments["breast_cancer_mlp"]

    clone.parameters(copies)
    for i in range(1, number):
        for folder in ("models", "reports"):
            source = clone.folder / folder / "breast_cancer_mlp"
            target = clone.folder / folder / f"copy_{i}"
            shutil.copytree(source, target, dirs_exist_ok=True)
    # Records the copies as results; no stage runs.
    clone.run("dvc", "commit", "--force")


def imports(clone: Clone, arguments: argparse.Namespace) -> None:
    """Seconds to import each stage's script and the libraries of its work."""
    for name in STAGES:
        seconds = [
            clone.run(sys.executable, "-c", f"import pedigree.stages.{name}")
            for _ in range(max(arguments.rounds, 3))
        ]
        print(f"{name:12} median {statistics.median(seconds):.2f} s")


def memory(clone: Clone, arguments: argparse.Namespace) -> None:
    """The highest resident memory of each stage of the default set, in MiB."""
    del arguments
    clone.run("dvc", "repro")
    keys = {
        "digits": ("fetch", "ingest", "validate"),
        "digits_8": ("preprocess",),
        "digits_convnet": ("train", "evaluate", "register"),
        "breast_cancer": ("fetch", "ingest", "validate"),
        "breast_cancer_30": ("preprocess",),
        "breast_cancer_mlp": ("train", "evaluate", "register"),
    }
    commands = YAML(typ="safe").load(clone.folder / "dvc.lock")["stages"]
    for key, stages in keys.items():
        for name in stages:
            command = commands[f"{name}@{key}"]["cmd"].split()
            print(f"{name + '@' + key:28} {clone.peak(*command):6.0f} MiB")


PARTS = {
    "noop": noop,
    "imports": imports,
    "memory": memory,
    "tracking": tracking,
    "training": training,
}

if __name__ == "__main__":
    main()
