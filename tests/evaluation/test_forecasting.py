import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pedigree.data.prepared import Arrays, Meta, Windows, cut_windows
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.bootstrap import resamples
from pedigree.evaluation.forecasting import task
from pedigree.evaluation.forecasting.figures import persistence
from pedigree.params.evaluate import Bootstrap, EvaluateForecasting

DELAY, STEPS, RATE = 12, 4, 2
BOOTSTRAP = {"resamples": 100, "confidence": 0.95, "seed": 0, "block": 10}
PARAMETERS = EvaluateForecasting.model_validate(
    {"task": "forecasting", "splits": ("test",), "bootstrap": BOOTSTRAP}
)
META = Meta(
    kind="windows",
    target="t",
    classes=None,
    input_shape=(STEPS, 2),
    divide_by=None,
    feature_names=("p", "t"),
    columns=(),
    rows={"test": 188},
    class_counts={},
    windows=Windows(RATE, DELAY, feature=1, mean=20.0, deviation=5.0),
)


@pytest.fixture
def arrays() -> Arrays:
    """A wave of 200 rows, normalised, and what it is 12 rows after a window begins."""
    target = 20 + 5 * np.sin(np.arange(200) / 9)
    series = np.stack([np.arange(200), (target - 20) / 5], axis=1).astype(np.float32)
    rows = np.arange(DELAY, 200)
    x = cut_windows(series, STEPS, RATE)[: len(rows)]
    return Arrays(x, target[rows].astype(np.float32), rows)


def test_the_naive_forecast_is_the_last_value_of_the_window(arrays: Arrays) -> None:
    last = arrays.rows - DELAY + (STEPS - 1) * RATE
    expected = 20 + 5 * np.sin(last / 9)
    np.testing.assert_allclose(persistence(arrays, META), expected, rtol=1e-6)


def test_a_model_is_measured_beside_the_naive_forecast(arrays: Arrays) -> None:
    naive = persistence(arrays, META)
    predicted = arrays.y + np.float32(0.25)
    metrics = task.measure({"test": predicted}, {"test": arrays}, META, PARAMETERS)
    figures = metrics["test"]
    assert figures["mae"] == pytest.approx(0.25, abs=1e-6)
    assert figures["mse"] == pytest.approx(0.0625, abs=1e-6)
    assert figures["naive_mae"] == pytest.approx(abs(naive - arrays.y).mean(), rel=1e-6)
    assert figures["mae_less_naive"] == figures["mae"] - figures["naive_mae"]
    assert figures["rows"] == 188
    difference = metrics["intervals"]["test"]["mae_less_naive"]
    assert difference["low"] <= figures["mae_less_naive"] <= difference["high"] < 0
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    (table,) = task.tables(metrics)
    assert table.row_count == 2


def test_to_be_as_good_as_the_naive_forecast_is_no_difference(arrays: Arrays) -> None:
    naive = persistence(arrays, META)
    metrics = task.measure({"test": naive}, {"test": arrays}, META, PARAMETERS)
    assert metrics["test"]["mae_less_naive"] == 0
    assert metrics["intervals"]["test"]["mae_less_naive"] == {"low": 0, "high": 0}


def test_what_is_written_holds_the_forecasts_in_equal_bytes(
    arrays: Arrays, tmp_path: Path
) -> None:
    predicted = arrays.y + np.linspace(0, 1, len(arrays.y), dtype=np.float32)
    shown = (predicted, arrays, META)
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        task.write_predictions(folder / "predictions.parquet", *shown)
        task.write_points(folder / "forecasting.csv", *shown)
        task.write_tables(folder, *shown)
        task.draw(folder, *shown, PARAMETERS)
    written = {path.name for path in (tmp_path / "a").iterdir()}
    assert written == {
        "predictions.parquet",
        "forecasting.csv",
        "largest_errors.csv",
        "forecasts.png",
    }
    for name in written:
        contents = {(tmp_path / each / name).read_bytes() for each in "ab"}
        assert len(contents) == 1
    table = pq.read_table(tmp_path / "a/predictions.parquet").to_pydict()
    assert list(table) == ["row", "actual", "predicted", "naive"]
    assert table["row"] == arrays.rows.tolist()
    worst = (tmp_path / "a/largest_errors.csv").read_text().splitlines()[1]
    assert worst.startswith("199,")


def test_predictions_that_are_not_finite_are_refused(arrays: Arrays) -> None:
    predicted = np.full(len(arrays.y), np.nan, np.float32)
    with pytest.raises(RefusedError, match="188 predictions that are not finite"):
        task.figures(predicted, arrays, META)


def test_other_features_than_windows_are_wrong_use(arrays: Arrays) -> None:
    meta = Meta(**{**META.__dict__, "kind": "tabular", "windows": None})
    with pytest.raises(WrongUseError, match="must have features of the transform"):
        task.figures(arrays.y, arrays, meta)


def test_blocks_of_rows_are_drawn_together() -> None:
    blocks = Bootstrap(resamples=100, confidence=0.9, seed=0, block=7)
    for counts in resamples(40, blocks):
        assert counts.sum() == 40
        # Six blocks begin and end in so many places at the most, the seam included.
        assert np.count_nonzero(np.diff(counts, append=counts[0])) <= 12
    single = Bootstrap(resamples=100, confidence=0.9, seed=3)
    drawn = np.random.Generator(np.random.PCG64(3)).integers(40, size=40)
    expected = np.bincount(drawn, minlength=40)
    np.testing.assert_array_equal(next(resamples(40, single)), expected)
