import csv
import subprocess
import sys

import numpy as np
import pytest

from classifiers import make
from pedigree.evaluation.classification import roc


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_drawing_leaves_pyplot_alone(tmp_path):
    code = (
        "import sys; from pathlib import Path; "
        "from pedigree.evaluation.classification import roc; "
        "assert 'matplotlib' not in sys.modules; "
        "roc.draw_roc([roc.RocCurve('a', [0, 1], [0, 1], 0.5)], Path(sys.argv[1])); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "roc.png"], check=True)


def test_roc_data_is_thin_and_still_has_the_areas(tmp_path):
    labels, probabilities = make(20_000, 3)
    curves = roc.roc_curves(probabilities, labels, ("a", "b", "c"))
    roc.write_roc(curves, tmp_path / "roc.csv")
    lines = read(tmp_path / "roc.csv")
    names = ["a", "b", "c", "micro average", "macro average"]
    assert list(dict.fromkeys(line["class"] for line in lines)) == names
    for curve in curves:
        points = [line for line in lines if line["class"] == curve.name]
        assert 2 <= len(points) <= roc.CURVE_POINTS
        false = [float(point["fpr"]) for point in points]
        true = [float(point["tpr"]) for point in points]
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert np.trapezoid(true, false) == pytest.approx(curve.area, abs=2e-3)


def test_class_without_rows_has_no_curve():
    labels, probabilities = make(100, 3)
    kept = labels != 1
    curves = roc.roc_curves(probabilities[kept], labels[kept], ("a", "b", "c"))
    names = [curve.name for curve in curves]
    assert names == ["a", "c", "micro average", "macro average"]


@pytest.mark.parametrize("classes", [2, 10, 30])
def test_curves_are_the_same_bytes_again(tmp_path, classes):
    labels, probabilities = make(500, classes)
    curves = roc.roc_curves(probabilities, labels, tuple(map(str, range(classes))))
    for name in "ab":
        roc.draw_roc(curves, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_one_row_still_gives_a_picture(tmp_path):
    labels, probabilities = make(1, 2)
    curves = roc.roc_curves(probabilities, labels, ("a", "b"))
    assert [curve.name for curve in curves] == ["micro average"]
    roc.draw_roc(curves, tmp_path / "roc.png")
    assert (tmp_path / "roc.png").read_bytes().startswith(b"\x89PNG")
