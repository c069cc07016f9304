import numpy as np
import pytest
from typer.testing import CliRunner

from pedigree.cli.app import app
from pedigree.evaluation.curves import _smoothed
from pedigree.training.history import write_history

PNG = b"\x89PNG"


@pytest.fixture
def trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("one", "other")):
        rows = [
            {"epoch": n, "loss": 1 / n + number, "val_loss": 1.0, "learning_rate": 1.0}
            for n in range(1, 20)
        ]
        write_history(tmp_path / "reports" / name / "history.csv", rows)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, ["curves", *arguments])


def test_curves_of_several_trainings_stand_in_one_picture(trained):
    options = ["--log-x", "--smooth", "2", "--y-limits", "0", "1"]
    for name in ("a/first.png", "second.png"):
        done = run("one", "other", "--out", name, *options)
        assert done.exit_code == 0, done.output
    content = (trained / "second.png").read_bytes()
    assert content.startswith(PNG)
    assert content == (trained / "a/first.png").read_bytes()


def test_any_figure_of_the_history_is_drawn(trained):
    contents = []
    for figure in ("loss", "learning_rate"):
        assert run("one", "--figure", figure, "--out", "f.png").exit_code == 0
        contents.append((trained / "f.png").read_bytes())
    assert contents[0] != contents[1]


@pytest.mark.parametrize(
    ("arguments", "received"),
    [
        (["one", "--out", "f.pdf"], "f.pdf"),
        (["none", "--out", "f.png"], "'none' without reports/none/history.csv"),
        (["one", "--figure", "auc", "--out", "f.png"], "'auc'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_two_lines(trained, arguments, received):
    done = run(*arguments)
    assert done.exit_code == 2
    assert received in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not (trained / "f.png").exists()


def test_smoothing_is_a_weighted_mean_of_neighbours():
    assert _smoothed([0.0, 1.0, 0.0], 0).tolist() == [0, 1, 0]
    np.testing.assert_allclose(_smoothed([3.0] * 9, 2), 3)
    assert 0 < _smoothed([0.0, 1.0, 0.0], 1)[0] < _smoothed([0.0, 1.0, 0.0], 1)[1] < 1
