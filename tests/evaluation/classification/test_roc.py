import csv

import numpy as np
import pytest

from pedigree.evaluation import plots

LONG = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
        "Sneaker", "Bag", "Ankle boot")  # fmt: skip


def make(rows, classes, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=rows)
    scores = random.random((rows, classes))
    scores[np.arange(rows), labels] += 0.5
    return labels, (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def draw_all(folder, classes):
    labels, probabilities = make(500, len(classes))
    predicted = probabilities.argmax(axis=1)
    folder.mkdir()
    plots.draw_confusion(labels, predicted, classes, folder / "confusion.png")
    curves = plots.roc_curves(probabilities, labels, classes)
    plots.draw_roc(curves, folder / "roc.png")
    history = {"epoch": [1.0], "loss": [1.0], "accuracy": [0.5]}
    history |= {"val_loss": [1.0], "val_accuracy": [0.5]}
    plots.draw_learning_curves(history, folder / "learning_curves.png")


@pytest.mark.parametrize("classes", [("No", "Yes"), LONG, tuple(map(str, range(30)))])
def test_figures_are_the_same_bytes_again_and_carry_no_metadata(tmp_path, classes):
    draw_all(tmp_path / "a", classes)
    draw_all(tmp_path / "b", classes)
    drawn = sorted((tmp_path / "a").iterdir())
    assert len(drawn) == 3
    for path in drawn:
        content = path.read_bytes()
        assert content == (tmp_path / "b" / path.name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert b"tEXt" not in content
        assert b"tIME" not in content


def test_drawing_leaves_pyplot_alone(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from pedigree.evaluation import plots; "
        "assert 'matplotlib' not in sys.modules; "
        "plots.draw_roc([plots.RocCurve('a', [0, 1], [0, 1], 0.5)], Path(sys.argv[1]));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "roc.png"], check=True)


def test_confusion_data_has_one_line_per_example(tmp_path):
    labels, probabilities = make(200, len(LONG))
    predicted = probabilities.argmax(axis=1)
    plots.write_confusion(labels, predicted, LONG, tmp_path / "confusion.csv")
    lines = read(tmp_path / "confusion.csv")
    assert [line["actual"] for line in lines] == [LONG[label] for label in labels]
    assert [line["predicted"] for line in lines] == [LONG[each] for each in predicted]


def test_roc_data_is_thin_and_still_has_the_areas(tmp_path):
    labels, probabilities = make(20_000, 3)
    curves = plots.roc_curves(probabilities, labels, ("a", "b", "c"))
    plots.write_roc(curves, tmp_path / "roc.csv")
    lines = read(tmp_path / "roc.csv")
    names = ["a", "b", "c", "micro average", "macro average"]
    assert list(dict.fromkeys(line["class"] for line in lines)) == names
    for curve in curves:
        points = [line for line in lines if line["class"] == curve.name]
        assert 2 <= len(points) <= plots.CURVE_POINTS
        false = [float(point["fpr"]) for point in points]
        true = [float(point["tpr"]) for point in points]
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert np.trapezoid(true, false) == pytest.approx(curve.area, abs=2e-3)


def test_class_without_rows_has_no_curve():
    labels, probabilities = make(100, 3)
    kept = labels != 1
    curves = plots.roc_curves(probabilities[kept], labels[kept], ("a", "b", "c"))
    names = [curve.name for curve in curves]
    assert names == ["a", "c", "micro average", "macro average"]


def test_one_row_still_gives_figures(tmp_path):
    labels, probabilities = make(1, 2)
    curves = plots.roc_curves(probabilities, labels, ("a", "b"))
    assert [curve.name for curve in curves] == ["micro average"]
    plots.draw_roc(curves, tmp_path / "roc.png")
    predicted = probabilities.argmax(axis=1)
    plots.draw_confusion(labels, predicted, ("a", "b"), tmp_path / "confusion.png")
    assert len(list(tmp_path.iterdir())) == 2


def test_history_is_read_by_columns(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n1,0.5\n2,0.25\n")
    assert plots.read_history(path) == {"epoch": [1, 2], "loss": [0.5, 0.25]}
