import csv

import numpy as np
import pytest

from pedigree.evaluation.classification.confusion import (
    draw_confusion,
    write_confusion,
)
from pedigree.evaluation.classification.tables import write_classes

LONG = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
        "Sneaker", "Bag", "Ankle boot")  # fmt: skip


def make(rows, classes):
    random = np.random.default_rng(0)
    return random.integers(classes, size=rows), random.integers(classes, size=rows)


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("rows", [1, 500])
@pytest.mark.parametrize("classes", [("No", "Yes"), LONG, tuple(map(str, range(30)))])
def test_the_matrix_is_the_same_bytes_again(tmp_path, classes, rows):
    labels, predicted = make(rows, len(classes))
    for name in "ab":
        draw_confusion(labels, predicted, classes, tmp_path / name)
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    assert content.startswith(b"\x89PNG")


def test_confusion_data_has_one_line_per_example(tmp_path):
    labels, predicted = make(200, len(LONG))
    write_confusion(labels, predicted, LONG, tmp_path / "confusion.csv")
    lines = read(tmp_path / "confusion.csv")
    assert [line["actual"] for line in lines] == [LONG[label] for label in labels]
    assert [line["predicted"] for line in lines] == [LONG[each] for each in predicted]


def test_the_table_of_classes_adds_up(tmp_path):
    labels, predicted = make(200, len(LONG) - 1)
    write_classes(labels, predicted, LONG, tmp_path / "classes.csv")
    lines = read(tmp_path / "classes.csv")
    assert [line["class"] for line in lines] == list(LONG)
    assert sum(int(line["rows"]) for line in lines) == 200
    assert sum(float(line["share"]) for line in lines) == pytest.approx(1)
    for index, line in enumerate(lines[:-1]):
        right = np.count_nonzero((labels == index) & (predicted == index))
        rows = np.count_nonzero(labels == index)
        assert (int(line["right"]), int(line["wrong"])) == (right, rows - right)
        assert float(line["share_right"]) == pytest.approx(right / rows)
    assert list(lines[-1].values())[1:] == ["0", "0.0", "0", "0", ""]
