"""A training that is killed and resumed ends in the bytes of one left alone."""

import os
import random
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from clones import Clone


@pytest.fixture
def left_alone(two_clones: tuple[Clone, Clone]) -> Clone:
    return two_clones[0]


@pytest.fixture
def chance() -> random.Random:
    """When to kill; `PEDIGREE_TEST_SEED` repeats a failure."""
    seed = int(
        os.environ.get("PEDIGREE_TEST_SEED") or random.SystemRandom().getrandbits(32)
    )
    _note(f"PEDIGREE_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def untrained(left_alone: Clone, tmp_path: Path) -> Clone:
    """A copy of the clone in which nothing was ever trained."""
    folder = tmp_path / "killed"
    shutil.copytree(left_alone.folder, folder, symlinks=True)
    for name in ("models", "reports", "mlruns/artifacts", ".dvc/cache/runs"):
        shutil.rmtree(folder / name)
    yaml = YAML()
    lock = yaml.load(folder / "dvc.lock")
    for stage in list(lock["stages"]):
        if stage.startswith(("train@", "evaluate@", "register@")):
            del lock["stages"][stage]
    with (folder / "dvc.lock").open("w", encoding="utf-8") as file:
        yaml.dump(lock, file)
    return Clone(folder, PYTHONUNBUFFERED="1")


def test_killed_trainings_end_in_the_same_bytes(
    left_alone: Clone, untrained: Clone, chance: random.Random
) -> None:
    resumed_at = {}
    for number, name in enumerate(untrained.experiments, start=1):
        epochs = _epochs(left_alone, name)
        first = chance.randint(2, epochs - 4)
        second = chance.randint(first + 2, epochs - 2)
        _note(f"{name}: killed as epoch {first} begins, and within epoch {second}")
        assert _kill(untrained, name, first, 0)[0] == 1
        assert len(_checkpoints(untrained)) == number
        begun = _kill(untrained, name, second, chance.uniform(0.1, 0.9))
        # At the epoch that was killed, or earlier: short epochs share a checkpoint.
        assert 2 <= begun[0] <= first
        assert len(_checkpoints(untrained)) == number
        resumed_at[name] = second

    output = untrained.run("dvc", "repro", *untrained.last_stages)
    for name, epoch in resumed_at.items():
        # An epoch is short, and the kill takes a moment.
        assert 2 <= _begun(_section(output, f"train@{name}"))[0] <= epoch + 2
    assert _checkpoints(untrained) == []
    assert untrained.outputs() == left_alone.outputs()
    assert untrained.read("dvc.lock") == left_alone.read("dvc.lock")
    _check_runs(untrained)


def _check_runs(clone: Clone) -> None:
    for name in clone.experiments:
        statuses = clone.rows(
            f"select status from runs where name = 'train@{name}' order by start_time"
        )
        # The first one is of the clone that this one was copied from.
        assert [status for (status,) in statuses] == [
            "FINISHED",
            "KILLED",
            "KILLED",
            "FINISHED",
        ]


def _kill(clone: Clone, experiment: str, epoch: int, moment: float) -> list[int]:
    """Start a training and kill it, DVC included, without a chance to clean up.

    Args:
        clone: Where to train.
        experiment: What to train.
        epoch: The epoch to kill it in.
        moment: The share of the time of an epoch that may pass.

    Returns:
        The epochs that have begun.
    """
    process = clone.start("dvc", "repro", f"train@{experiment}")
    lines, times = [], [time.monotonic()]
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Epoch "):
            times.append(time.monotonic())
        if line.startswith(f"Epoch {epoch}/"):
            break
    time.sleep(moment * min(times[-1] - times[-2], 0.2))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "".join(lines)
    return _begun("".join(lines))


def _begun(output: str) -> list[int]:
    return [int(epoch) for epoch in re.findall(r"^Epoch (\d+)/", output, re.MULTILINE)]


def _section(output: str, stage: str) -> str:
    """What a stage printed."""
    return output.split(f"Running stage '{stage}'")[1].split("Running stage '")[0]


def _checkpoints(clone: Clone) -> list[Path]:
    return list((clone.folder / ".pedigree/checkpoints").iterdir())


def _note(text: str) -> None:
    """Say what pytest shows with a failure."""
    sys.stdout.write(f"{text}\n")


def _epochs(clone: Clone, experiment: str) -> int:
    return len(clone.read(f"reports/{experiment}/history.csv").splitlines()) - 1
