"""The sources that compute their file: the same bytes wherever they run."""

import hashlib
import os
from importlib import import_module
from pathlib import Path

import pytest

from pedigree.catalogue.read import read_catalogue
from pedigree.data.sources.playground_xor import Point, shuffle
from pedigree.data.sources.seedrandom import SeedRandom

ROOT = Path(__file__).resolve().parents[3]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data")).absolute()
DOWNLOADS = read_catalogue(ROOT / "catalogue").parameters.downloads
BITS = ("00", "01", "10", "11")
COMPUTED = [
    name
    for name, download in DOWNLOADS.items()
    if download.kind in ("truth_table", "playground_xor", "regression")
]


def fetch(name: str, folder: Path) -> None:
    download = DOWNLOADS[name]
    source = import_module(f"pedigree.data.sources.{download.kind}")
    source.fetch(download, getattr(download, "name", name), folder)


def pinned(name: str) -> dict[str, str]:
    return {file.name: file.sha256 for file in DOWNLOADS[name].files}


def sums(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("name", COMPUTED)
def test_the_file_is_the_pinned_one(name: str, tmp_path: Path):
    fetch(name, tmp_path)
    assert sums(tmp_path) == pinned(name)


@pytest.mark.slow
@pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no mirror of real data at {MIRROR}")
@pytest.mark.parametrize("name", ["fashion_mnist_csv", "fashion5_csv"])
def test_the_csvs_are_the_pinned_ones(name: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PEDIGREE_MIRROR", str(MIRROR))
    fetch(name, tmp_path)
    assert sums(tmp_path) == pinned(name)


def test_the_tables_are_those_of_logic(tmp_path: Path):
    for name, gives in [("and", "0001"), ("xor", "0110"), ("decoder", "0123")]:
        fetch(f"{name}_table", tmp_path)
        rows = [f"{a},{b},{y}" for (a, b), y in zip(BITS, gives, strict=True)]
        assert (tmp_path / f"{name}.csv").read_text() == "\n".join(
            ["x1,x2,y", *rows, ""]
        )


def test_the_generator_is_that_of_the_page():
    """The two numbers are those that the readme of seedrandom.js gives."""
    generator = SeedRandom("hello.")
    assert generator.random() == 0.9282578795792454
    assert generator.random() == 0.3752569768646784
    assert all(0 <= generator.random() < 1 for _ in range(1000))


def test_a_shuffle_keeps_every_point():
    points = [Point(float(n), 0.0, 1) for n in range(50)]
    shuffled = list(points)
    shuffle(shuffled, SeedRandom("1"))
    assert shuffled != points
    assert sorted(shuffled) == points


def test_the_playground_has_classes_of_opposite_quadrants(tmp_path: Path):
    fetch("playground_xor", tmp_path)
    lines = (tmp_path / "xor_points.csv").read_text().splitlines()
    assert lines[0] == "x1,x2,label"
    points = [[float(value) for value in line.split(",")] for line in lines[1:]]
    assert len(points) == 500
    for x1, x2, label in points:
        assert 0.3 <= min(abs(x1), abs(x2)) <= max(abs(x1), abs(x2)) <= 5.3
        assert label in (-1, 1)
    agree = sum((x1 * x2 > 0) == (label > 0) for x1, x2, label in points)
    assert 0.8 < agree / 500 < 1  # noise moves some over an axis


def test_the_points_are_on_a_line(tmp_path: Path):
    fetch("linreg_synth", tmp_path)
    lines = (tmp_path / "points.csv").read_text().splitlines()
    assert lines[0] == "x,y"
    points = [[float(value) for value in line.split(",")] for line in lines[1:]]
    assert len(points) == 200
    (x, y), *others = points
    for one, other in others:
        assert other * x == pytest.approx(y * one, abs=1e-6)
