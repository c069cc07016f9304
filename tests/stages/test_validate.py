"""validate, on raw data in a project of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_digits

from pedigree.data.raw import table_of_images, write_split
from pedigree.data.verdict import hash_raw, read_verdict, require_success
from pedigree.errors import RefusedError, WrongUseError
from pedigree.stages import validate

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """The part of a StageRun that the stage uses."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.artifacts: set[str] = set()

    def log_metrics(self, metrics: dict[str, float]) -> None:
        self.metrics |= metrics

    def log_artifact(self, path: Path, folder: str = "") -> None:
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        assert files
        self.artifacts |= {
            str(Path(folder) / file.relative_to(path.parent)) for file in files
        }


@pytest.fixture
def write_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes the digits as raw data, after a change."""
    (tmp_path / "expectations").symlink_to(ROOT / "expectations")
    monkeypatch.chdir(tmp_path)
    loaded = load_digits()

    def write(change: Callable[[np.ndarray], None] | None = None) -> None:
        images = loaded.images.astype(np.uint8)
        if change:
            change(images)
        table = table_of_images(images, loaded.target)
        write_split(Path("data/raw/digits"), "all", table)

    return write


def blacken(images: np.ndarray) -> None:
    images[[3, 9]] = 0


def test_good_data_passes_and_is_documented(
    write_raw: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    write_raw()
    run = Run()
    validate.main(run, "digits", "digits")
    require_success(Path("data/validated/digits.json"))
    assert run.artifacts == {
        "digits.json",
        "data_docs/digits/index.html",
        "data_docs/digits/all.html",
    }
    assert run.metrics["expectations.met"] == 1
    assert run.metrics["all.rows"] == 1797
    assert run.metrics["all.missing.label"] == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_the_same_data_gives_the_same_bytes(write_raw: Callable[..., None]) -> None:
    write_raw()
    path = Path("data/validated/digits.json")
    validate.main(Run(), "digits", "digits")
    first = path.read_bytes()
    validate.main(Run(), "digits", "digits")
    assert path.read_bytes() == first
    assert str(Path.cwd()).encode() not in first


def test_bad_data_is_refused_after_it_is_documented(
    write_raw: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    write_raw()
    validate.main(Run(), "digits", "digits")
    write_raw(blacken)
    run = Run()
    with pytest.raises(RefusedError, match="4 not met"):
        validate.main(run, "digits", "digits")
    assert {"digits.json", "data_docs/digits/index.html"} <= run.artifacts
    assert run.metrics["expectations.met"] < 1
    assert read_verdict(Path("data/validated/digits.json"))["success"] is False
    with pytest.raises(RefusedError):
        require_success(Path("data/validated/digits.json"))
    captured = capsys.readouterr()
    assert captured.out == ""
    words = captured.err.replace("\n", "").replace(" ", "")
    assert "expectationsofdigitsnotmet" in words
    assert "critical" in words
    assert "2of1,797rows(0.111%)" in words


def test_a_verdict_put_back_does_not_speak_for_other_data(
    write_raw: Callable[..., None],
) -> None:
    path = Path("data/validated/digits.json")
    write_raw()
    validate.main(Run(), "digits", "digits")
    earlier = path.read_bytes()
    write_raw(blacken)
    with pytest.raises(RefusedError):
        validate.main(Run(), "digits", "digits")
    path.write_bytes(earlier)
    with pytest.raises(RefusedError, match="present data"):
        require_success(path)
    write_raw()
    require_success(path)


def test_data_docs_need_no_network_and_no_earlier_run(
    write_raw: Callable[..., None],
) -> None:
    write_raw(blacken)
    folder = Path("reports/data/digits")
    folder.mkdir(parents=True)
    (folder / "train.html").write_text("of an earlier run")
    with pytest.raises(RefusedError):
        validate.main(Run(), "digits", "digits")
    assert sorted(path.name for path in folder.iterdir()) == ["all.html", "index.html"]
    for page in folder.iterdir():
        text = page.read_text("utf-8")
        assert "://" not in text
        assert "<link" not in text
    index = (folder / "index.html").read_text("utf-8")
    assert "The data <strong>were refused</strong>." in index
    (name, sha256), *_ = hash_raw("digits").items()
    assert name in index and sha256 in index
    assert 'href="all.html"' in index
    assert "Every image has" in index or "Pixels reach" in index
    assert "<summary>Met: " in index
    page = (folder / "all.html").read_text("utf-8")
    assert "unexpected values found" in page
    assert "__none__" not in page


def test_what_was_met_is_unfolded_where_nothing_else_is_told(
    write_raw: Callable[..., None],
) -> None:
    write_raw()
    validate.main(Run(), "digits", "digits")
    index = Path("reports/data/digits/index.html").read_text("utf-8")
    assert "The data <strong>passed</strong>." in index
    assert "<details open><summary>Met: " in index
    assert "Not met" not in index


def test_pages_are_rendered_without_a_complaint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations/small.yaml").write_text(
        """
        expectations:
          - {expectation: expect_column_distinct_values_to_equal_set, column: a,
             value_set: [x, y], severity: warning, reason: Two answers.}
          - {expectation: expect_compound_columns_to_be_unique, column_list: [a, b],
             severity: warning, reason: No row twice.}
          - {expectation: expect_column_mean_to_be_between, column: b, min_value: 5,
             severity: warning, reason: A mean.}
          - {expectation: expect_column_mean_to_be_between, column: a, min_value: 5,
             severity: warning, reason: A mean of texts is an error.}
          - {expectation: expect_column_values_to_not_be_null, column: c,
             severity: warning, reason: A column that is not there.}
          - {expectation: expect_column_kl_divergence_to_be_less_than, column: a,
             partition_object: {values: [x, y], weights: [0.5, 0.5]}, threshold: 0.1,
             severity: warning, reason: As many of each.}
        """
    )
    monkeypatch.chdir(tmp_path)
    table = pa.table({"a": ["x", "<b>", "x"], "b": [1, 2, 1]})
    write_split(Path("data/raw/small"), "all", table)
    validate.main(Run(), "small", "small")
    assert caplog.text == ""
    page = Path("reports/data/small/all.html").read_text("utf-8")
    assert "x, 1" in page
    assert "Traceback" not in page
    assert "<b>" not in page
    assert "<b>" not in Path("reports/data/small/index.html").read_text("utf-8")


def test_missing_raw_data_is_wrong_use(write_raw: Callable[..., None]) -> None:
    del write_raw
    with pytest.raises(WrongUseError, match="data/raw/digits"):
        validate.main(Run(), "digits", "digits")
    assert not Path("data/validated").exists()


def test_importing_the_stage_is_cheap() -> None:
    code = """
import sys, pedigree.stages.validate
heavy = {"great_expectations", "tensorflow", "keras", "mlflow"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))
