import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from from_scratch import NETS
from pedigree.evaluation.decision_boundary import draw_decision_boundary


def draw(name, path):
    net = NETS[name]
    predict = net.build().fit(net.x, net.y).predict_proba
    classes = [str(number) for number in range(net.classes)]
    draw_decision_boundary(predict, net.x, net.y, classes, ("a", "b"), path)


@pytest.mark.parametrize("name", ["and_perceptron_sheet", "decoder_softmax_numpy"])
def test_the_same_bytes_again_and_no_metadata(tmp_path, name):
    draw(name, tmp_path / "a.png")
    draw(name, tmp_path / "b.png")
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert b"tEXt" not in content
    assert b"tIME" not in content


def test_a_boundary_shows_where_there_is_one(tmp_path):
    def inked(predict):
        x, labels = np.eye(2), np.arange(2)
        path = tmp_path / "x.png"
        draw_decision_boundary(predict, x, labels, ("no", "yes"), ("a", "b"), path)
        return np.count_nonzero(imread(path)[..., :3].max(axis=-1) < 0.2)

    def halves(x):
        yes = (x[:, 0] > 0.5).astype(float)
        return np.stack([1 - yes, yes], axis=1)

    def one_class(x):
        return np.tile([0.9, 0.1], (len(x), 1))

    assert inked(halves) > inked(one_class) + 300


def test_drawing_leaves_pyplot_alone(tmp_path):
    code = (
        "import sys; from pathlib import Path; import numpy as np; "
        "from pedigree.evaluation.decision_boundary import draw_decision_boundary; "
        "assert 'matplotlib' not in sys.modules; "
        "draw_decision_boundary(lambda x: np.tile([0.5, 0.5], (len(x), 1)), np.eye(2), "
        "np.arange(2), 'ab', 'xy', Path(sys.argv[1])); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "x.png"], check=True)
