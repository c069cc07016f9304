import numpy as np

from pedigree.evaluation.regression_line import draw_regression_line

X = np.linspace(-1, 1, 30)[:, np.newaxis]
EXAMPLES = {"train": (X[:20], 2 * X[:20, 0]), "test": (X[20:], 2 * X[20:, 0])}
LINES = {"slope": [0.1 * epoch for epoch in range(21)], "intercept": [0.0] * 21}


def draw(path, history):
    draw_regression_line(
        lambda x: 2 * x[:, 0], EXAMPLES, history, ("height", "weight"), path
    )
    return path.read_bytes()


def test_the_same_bytes_again_and_no_metadata(tmp_path):
    content = draw(tmp_path / "a.png", LINES)
    assert content == draw(tmp_path / "b.png", LINES)
    assert content.startswith(b"\x89PNG")
    assert b"tEXt" not in content
    assert b"tIME" not in content


def test_lines_of_the_history_are_drawn_where_there_are_any(tmp_path):
    without = draw(tmp_path / "a.png", {"epoch": [0.0], "loss": [1.0]})
    assert without != draw(tmp_path / "b.png", LINES)
    # Every tenth counts, and no other.
    slopes = [slope + (epoch % 10 > 0) for epoch, slope in enumerate(LINES["slope"])]
    other = draw(tmp_path / "c.png", LINES | {"slope": slopes})
    assert other == draw(tmp_path / "d.png", LINES)
