"""What DVC does to files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from dvc.exceptions import DvcException
from dvc.repo import Repo
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pedigree.catalogue.read import read_catalogue
from pedigree.sections import load_yaml
from traps.tiny import PARAMS, TINY, Tiny

ROOT = Path(__file__).resolve().parents[2]

ENTRIES = read_catalogue(ROOT / "catalogue").entries


def test_dvc_deletes_outputs_before_the_stage_runs(project: Path, tiny: Tiny) -> None:
    from pedigree.training.checkpoints import CHECKPOINTS

    assert tiny.repro(1) == "ran"
    text = TINY.replace("cp params.yaml copied.yaml", "test -e copied.yaml")
    Path("dvc.yaml").write_text(text, "utf-8")
    with pytest.raises(DvcException):
        tiny.repro(2)
    assert not Path("copied.yaml").exists()

    with Repo(str(project), uninitialized=True) as repo:
        outputs = [Path(out.fs_path) for out in repo.index.outs]
    checkpoint = project / CHECKPOINTS / "key"
    for output in outputs:
        assert output != checkpoint
        assert output not in checkpoint.parents and checkpoint not in output.parents
    assert ignored([str(CHECKPOINTS / "key/0.npz")]) == [str(CHECKPOINTS / "key/0.npz")]


def test_dvc_takes_its_lines_in_gitignore_back_when_a_stage_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    monkeypatch.chdir(folder)
    subprocess.run(["git", "init", "--quiet"], check=True)
    stages = "{good: {cmd: echo 1 > out, outs: [out]}, bad: {cmd: exit 1, deps: [out]}}"
    Path("dvc.yaml").write_text(f"stages: {stages}\n", "utf-8")
    with Repo.init() as repo, pytest.raises(DvcException):
        repo.reproduce()
    assert Path("out").exists()
    assert not Path(".gitignore").exists(), "an output of hundreds of megabytes"

    monkeypatch.chdir(project)
    PARAMS.write_text(json.dumps(ENTRIES), "utf-8")
    with Repo(uninitialized=True) as repo:
        assert repo.config["core"]["autostage"] is False
        cached = [out.def_path for out in repo.index.outs if out.use_cache]
        in_git = [out.def_path for out in repo.index.outs if not out.use_cache]
    assert ignored(cached) == cached
    assert ignored(in_git) == []


def ignored(paths: list[str]) -> list[str]:
    """Which of the paths git leaves alone, by the file in the root of the project."""
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_an_interpolation_in_flow_style_needs_quotes() -> None:
    for text in ("{outs: [${key}]}", "{cmd: ${key}}"):
        with pytest.raises(YAMLError):
            YAML(typ="safe", pure=True).load(text)
    for text in ("{outs: ['${key}']}", "{cmd: '${key}'}"):
        YAML(typ="safe", pure=True).load(text)
    assert "stages" in load_yaml(ROOT / "dvc.yaml")


def test_a_second_repro_is_told_who_blocks_it(tiny: Tiny) -> None:
    """DVC names the process; a stage of ours never asks for the lock."""
    text = TINY.replace("cp params.yaml copied.yaml", "echo started; sleep 60")
    Path("dvc.yaml").write_text(text, "utf-8")
    tiny.write({"section": 1})
    command = [sys.executable, "-m", "dvc", "repro"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as first:
        assert first.stdout
        assert any("started" in line for line in first.stdout)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            for process in psutil.Process(first.pid).children(recursive=True):
                process.terminate()
    assert done.returncode != 0
    assert "is busy, it is being blocked by" in done.stderr
    assert f"(PID {first.pid})" in done.stderr
