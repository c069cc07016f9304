import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError
from pedigree.evaluation.reconstruction import task
from pedigree.evaluation.reconstruction.task import RowErrors
from pedigree.params.evaluate import Bootstrap, EvaluateReconstruction, Samples

BOOTSTRAP = Bootstrap(resamples=1000, confidence=0.95, seed=0)


def make(rows, seed=0, shape=(4, 3, 1)):
    random = np.random.default_rng(seed)
    x = random.integers(0, 256, (rows, *shape), np.uint8)
    return (x / 255 + random.normal(0, 0.1, x.shape)).astype(np.float32), x


def flat(outputs, x):
    return (x / 255).reshape(len(x), -1), outputs.astype(float).reshape(len(x), -1)


@settings(deadline=None, max_examples=40)
@given(rows=st.integers(1, 30), seed=st.integers(0, 2**32 - 1))
def test_figures_are_those_of_scikit_learn(rows, seed):
    outputs, x = make(rows, seed)
    drawn = np.random.default_rng(seed).integers(rows, size=rows)
    mse, mae = RowErrors(outputs, x, 255.0)(np.bincount(drawn, minlength=rows))
    scaled, given = flat(outputs[drawn], x[drawn])
    assert mse == pytest.approx(metrics.mean_squared_error(scaled, given))
    assert mae == pytest.approx(metrics.mean_absolute_error(scaled, given))


def test_the_rows_are_taken_part_by_part(monkeypatch):
    outputs, x = make(50)
    whole = RowErrors(outputs, x, 255.0)
    monkeypatch.setattr(task, "ROWS_AT_ONCE", 7)
    parts = RowErrors(outputs, x, 255.0)
    assert np.array_equal(whole.squared, parts.squared)
    scaled, given = flat(outputs, x)
    np.testing.assert_allclose(parts.squared, ((scaled - given) ** 2).mean(axis=1))
    np.testing.assert_allclose(parts.absolute, abs(scaled - given).mean(axis=1))


def test_rows_of_a_table_are_not_divided():
    x = np.ones((3, 5), np.float32)
    assert RowErrors(x + 2, x, None)(np.ones(3, int)).tolist() == [4, 2]


def test_the_interval_is_that_of_a_mean():
    outputs, x = make(4000)
    outputs *= np.random.default_rng(1).uniform(0.8, 1.2, (4000, 1, 1, 1))
    splits = {"test": Arrays(x, np.zeros(4000), np.arange(4000))}
    parameters = EvaluateReconstruction(
        task="reconstruction",
        splits=("test",),
        bootstrap=BOOTSTRAP,
    )
    meta = Meta("image", "y", None, (4, 3, 1), 255.0, (), (), {"test": 4000}, {})
    found = task.measure({"test": outputs}, splits, meta, parameters)
    errors = RowErrors(outputs, x, 255.0).squared
    half = 1.96 * errors.std() / np.sqrt(4000)
    interval = found["intervals"]["test"]["mse"]
    assert interval["low"] == pytest.approx(errors.mean() - half, rel=0.02)
    assert interval["high"] == pytest.approx(errors.mean() + half, rel=0.02)


@pytest.mark.parametrize("shape", [(5, 3), (5, 4, 3, 2), (4, 4, 3, 1)])
def test_outputs_of_another_shape_are_refused(shape):
    _, x = make(5)
    with pytest.raises(RefusedError) as caught:
        RowErrors(np.zeros(shape, np.float32), x, 255.0)
    assert f"shape (5, 4, 3, 1). Received: shape {shape}" in caught.value.rule


@pytest.mark.parametrize(
    ("number", "columns", "places"),
    [
        (4, 2, "aabbaabb"),
        (5, 3, "aaabbbaa-bb-"),
        (2, 8, "aabb"),
    ],
)
def test_each_reconstruction_stands_below_its_original(
    monkeypatch, tmp_path, number, columns, places
):
    drawn = {}
    monkeypatch.setattr(
        task, "draw_images", lambda images, _, **how: drawn.update(how, images=images)
    )
    outputs, x = make(20)
    reported = Arrays(x, np.zeros(20), np.arange(20))
    meta = Meta("image", "y", None, (4, 3, 1), 255.0, (), (), {}, {})
    samples = Samples(number=number, columns=columns, seed=0)
    parameters = EvaluateReconstruction(
        task="reconstruction", splits=("test",), bootstrap=BOOTSTRAP, samples=samples
    )
    task.draw(tmp_path, outputs, reported, meta, parameters)
    wide = drawn["columns"]
    assert len(drawn["images"]) == len(drawn["titles"]) == len(places)
    for place, (kind, image) in enumerate(zip(places, drawn["images"], strict=True)):
        assert (image is None) == (kind == "-")
        if kind == "a":
            below = drawn["images"][place + wide]
            (row,) = [n for n in range(20) if np.array_equal(x[n] / 255, image)]
            assert np.array_equal(below, outputs[row])
            assert drawn["titles"][place] == "original"
    assert drawn["limits"] == pytest.approx((0, 1), abs=0.1)


def test_the_table_holds_the_worst_rows_first(tmp_path):
    outputs, x = make(50)
    reported = Arrays(x, np.zeros(50), np.arange(50) * 2)
    meta = Meta("image", "y", None, (4, 3, 1), 255.0, (), (), {}, {})
    task.write_tables(tmp_path, outputs, reported, meta)
    header, *lines = (tmp_path / "largest_errors.csv").read_text().splitlines()
    assert header == "row,mse"
    errors = RowErrors(outputs, x, 255.0).squared
    worst = np.argsort(-errors)[:20]
    assert [int(line.split(",")[0]) for line in lines] == (2 * worst).tolist()
