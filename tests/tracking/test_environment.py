import subprocess
from pathlib import Path

from pedigree.tracking.environment import PACKAGES, environment_tags, git_tags


def test_results_make_no_commit_dirty(repository: Path) -> None:
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
    (repository / "reports").mkdir()
    (repository / "reports/metrics.json").write_text("{}")
    (repository / "dvc.lock").write_text("")
    assert git_tags() == {"git.commit": head, "git.dirty": "false"}


def test_changed_code_makes_a_commit_dirty(repository: Path) -> None:
    (repository / "train.py").write_text("")
    assert git_tags()["git.dirty"] == "true"


def test_a_new_file_makes_a_commit_dirty(repository: Path) -> None:
    (repository / "new.py").write_text("")
    assert git_tags()["git.dirty"] == "true"


def test_without_git(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert git_tags() == {"git.commit": "none", "git.dirty": "true"}


def test_every_value_is_there() -> None:
    tags = environment_tags()
    assert all(tags.values())
    assert {f"package.{name}" for name in PACKAGES} <= set(tags)
    assert "not installed" not in tags.values()
