"""Figures of new rows, and which of them may say that a model is worse."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import beta

from pedigree.cli.monitor import summarize
from pedigree.errors import WrongUseError
from pedigree.monitoring.expectations import Expectations
from pedigree.monitoring.monitor import Observation, judge
from pedigree.monitoring.new_data import NewData
from pedigree.monitoring.page import render_page
from pedigree.monitoring.performance import (
    ROWS_AT_LEAST,
    Performance,
    measure_performance,
    require_metric,
)
from pedigree.params.features import Label
from pedigree.params.monitoring import Monitoring
from pedigree.sections import parse

CLASSES = ("dry", "rain/snow")
LABEL = Label(column="Rain", values=(0, 1), classes=CLASSES, missing="drop")
NOTHING_FAILED = Expectations("weather", 3, 0, [])
TESTED = {
    "test.accuracy": 0.98,
    "test.f1_macro": 0.98,
    "test.roc_auc_macro": 0.99,
    "test.rows": 100.0,
    # As MLflow writes it, whose names have no strokes.
    "test.classes.rain_snow.recall": 0.96,
    "test.classes.rain_snow.f1": 0.96,
}


def answer(table: pa.Table, _: int) -> pd.DataFrame:
    """Give 0.9 to the class that the rows name."""
    chosen = table["answer"].to_numpy()
    return pd.DataFrame(np.where(chosen[:, None] == [0, 1], 0.9, 0.1))


VERSION: Any = SimpleNamespace(
    meta=SimpleNamespace(
        target="Rain", classes=CLASSES, columns=(), windows=None, input_shape=(1,)
    ),
    model=SimpleNamespace(kind="classes", answer=answer),
    ancestry=SimpleNamespace(
        uri="models:/weather/1", name="weather", training=SimpleNamespace(address="t")
    ),
)


def measure(labels: list[int], answers: list[int], metric: str) -> Performance:
    table = pa.table({"Rain": labels, "answer": answers})
    return measure_performance(VERSION, table, TESTED, LABEL, metric)


def thresholds(metric: str) -> Monitoring:
    section = {
        "drift": {"false_discovery_rate": 0.01, "psi": 0.1, "columns": 0},
        "performance": {"metric": metric, "worse_by": 0.03},
    }
    return parse(Monitoring, section, "params.yaml")


def observed(labels: list[int], answers: list[int], metric: str) -> Observation:
    performance, declared = measure(labels, answers, metric), thresholds(metric)
    table = pa.table({"Rain": labels})
    return Observation(
        VERSION,
        NewData("new.csv", "0" * 64, table, True),
        100,
        (),
        (),
        NOTHING_FAILED,
        performance,
        declared,
        judge(declared, (), NOTHING_FAILED, performance),
    )


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "log_loss"])
@pytest.mark.parametrize("rows", [1, 2])
def test_one_wrong_row_does_not_call_for_a_training(metric: str, rows: int) -> None:
    seen = observed([0] * rows, [1] + [0] * (rows - 1), metric)
    assert seen.reasons == ()


def test_many_wrong_rows_do() -> None:
    for metric in ("accuracy", "f1_macro"):
        seen = observed([0, 1] * 20, [1, 1] * 20, metric)
        assert len(seen.reasons) == 1 and seen.undecided is None
        assert seen.reasons[0].startswith(f"{metric} is 0.")


def test_an_exact_interval_needs_no_number_of_rows() -> None:
    """That of Clopper and Pearson: quantiles of the beta distribution."""
    seen = observed([0, 1] * 5, [1, 1] * 5, "accuracy")
    assert seen.performance is not None
    figure = seen.performance.figures["accuracy"]
    assert (figure.value, figure.rows) == (0.5, 10)
    ends = beta.ppf(0.025, 5, 6), beta.ppf(0.975, 6, 5)
    assert (figure.low, figure.high) == pytest.approx(ends)
    assert len(seen.reasons) == 1


@pytest.mark.parametrize("rows", [ROWS_AT_LEAST - 1, ROWS_AT_LEAST])
def test_another_counts_from_a_number_of_rows_on(rows: int) -> None:
    seen = observed([0] * rows, [1] * rows, "f1_macro")
    enough = rows == ROWS_AT_LEAST
    assert bool(seen.reasons) == enough
    assert (seen.undecided is None) == enough
    said = f"counts from {ROWS_AT_LEAST} rows on, and it is of {rows}"
    assert (said in render_page(seen)) != enough


def test_the_recall_of_a_class_is_of_its_rows() -> None:
    metric = "classes.rain/snow.recall"
    performance = measure([0] * 50 + [1] * 4, [0] * 50 + [1, 1, 1, 0], metric)
    figure = performance.figures[metric]
    assert (figure.value, figure.rows, figure.tested) == (0.75, 4, 0.96)
    assert figure.high == pytest.approx(beta.ppf(0.975, 4, 1))
    assert not figure.is_worse(metric, 0.03)
    assert [name for name in performance.figures if "classes" in name] == [metric]
    worse = observed([1] * 20, [0] * 20, metric)
    assert len(worse.reasons) == 1
    assert f"{metric} 0.0000 (0.0000 to 0.1684), tested 0.9600" in summarize(worse)
    f1 = "classes.rain/snow.f1"
    of_few = observed([0] * 50 + [1] * 4, [0] * 50 + [0] * 4, f1)
    assert of_few.reasons == () and "it is of 4" in (of_few.undecided or "")


def test_a_figure_that_new_rows_do_not_have_decides_nothing() -> None:
    seen = observed([0] * 40, [0] * 40, "roc_auc_macro")
    assert seen.reasons == ()
    assert seen.undecided == "roc_auc_macro is undefined for these rows"


@pytest.mark.parametrize("metric", ["acuracy", "rows", "log_loss"])
def test_a_metric_that_was_not_tested_is_wrong_use(metric: str) -> None:
    with pytest.raises(WrongUseError, match=f"Received: {metric}") as raised:
        require_metric(VERSION, metric, TESTED)
    assert raised.value.rule.startswith(
        "monitoring.weather.performance.metric must be one of accuracy, roc_auc_macro, "
        "f1_macro, classes.rain/snow.recall, classes.rain/snow.f1. "
    )
    for known in ("accuracy", "classes.rain/snow.recall"):
        require_metric(VERSION, known, TESTED)
