import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pedigree.data.prepared import Arrays, Meta, write_meta, write_split
from pedigree.errors import RefusedError, WrongUseError
from pedigree.stages.evaluate import require_splits

PARAMETERS = """
experiments:
  tiny:
    evaluate:
      task: classification
      splits: [train, validation, test]
      bootstrap: {resamples: 100, confidence: 0.95, seed: 0}
      yardstick: hist_gradient_boosting
      weights: true
"""


class Recorder:
    """Keeps what a stage logs."""

    def __init__(self):
        self.metrics = {}
        self.artifacts = []

    def log_metrics(self, metrics, step=0):
        assert step == 0
        self.metrics |= metrics

    def log_artifact(self, path):
        assert Path(path).exists()
        self.artifacts.append(str(path))


@pytest.fixture
def evaluated(tmp_path, monkeypatch):
    """Two splits of a line that a fixed model divides, evaluated twice."""
    import keras

    from pedigree.models.keras.archive import save_model
    from pedigree.models.predictor import Outputs, write_outputs
    from pedigree.stages import evaluate

    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMETERS)
    rows = {"train": 60, "validation": 20, "test": 30}
    folder = Path("data/prepared/line")
    for number, (split, count) in enumerate(rows.items()):
        x = np.random.default_rng(number).normal(size=(count, 1)).astype(np.float32)
        noise = np.random.default_rng(number + 9).normal(size=count)
        y = (x[:, 0] + 0.7 * noise > 0).astype(np.int64)
        write_split(folder, split, Arrays(x, y, np.arange(count)))
    counts = {split: (count, 0) for split, count in rows.items()}
    write_meta(
        folder,
        Meta("tabular", "rain", ("No", "Yes"), (1,), None, ("x",), (), rows, counts),
    )
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "sigmoid")])
    model.set_weights([np.array([[3.0]]), np.array([0.0])])
    save_model(model, Path("models/tiny/model.keras"))
    write_outputs(Outputs("classes", ("train",)), Path("models/tiny"))
    reports = Path("reports/tiny")
    reports.mkdir(parents=True)
    (reports / "history.csv").write_text(
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n"
        "1,0.7,0.5,0.6,0.5,0.001\n2,0.5,0.7,0.5,0.6,0.001\n"
    )
    trained = Recorder()
    monkeypatch.setattr(evaluate, "training_run", {"tiny": trained}.__getitem__)

    def run():
        recorder = Recorder()
        evaluate.main(recorder, "tiny", "line")
        return recorder

    return run, trained, reports


def test_evaluate(evaluated, capsys):
    run, trained, reports = evaluated
    recorder = run()
    written = sorted(str(each.relative_to(reports)) for each in reports.rglob("*.*"))
    assert written == [
        "classification.csv", "history.csv", "metrics.json", "plots/confusion.png",
        "plots/learning_curves.png", "plots/roc.png", "predictions.parquet",
        "tables/classes.csv", "tables/roc.csv", "tables/weights.csv",
    ]  # fmt: skip
    metrics = json.loads((reports / "metrics.json").read_text())
    assert set(metrics) == {
        *("train", "validation", "test"),
        *("intervals", "yardstick", "best_epoch", "last_epoch"),
    }
    assert metrics["best_epoch"]["val_loss"] == 0.5
    assert metrics["test"]["rows"] == 30
    table = pq.read_table(reports / "predictions.parquet")
    hits = np.mean(np.array(table["label"]) == np.array(table["predicted"]))
    assert metrics["test"]["accuracy"] == pytest.approx(hits)

    assert (
        recorder.metrics["test.classes.Yes.recall"]
        == (metrics["test"]["classes"]["Yes"]["recall"])
    )
    assert recorder.metrics["train.accuracy"] == metrics["train"]["accuracy"]
    assert recorder.metrics["yardstick.accuracy"] == metrics["yardstick"]["accuracy"]
    assert "intervals.test.accuracy.low" in recorder.metrics
    assert recorder.artifacts == [
        "reports/tiny/predictions.parquet", "reports/tiny/plots", "reports/tiny/tables"
    ]  # fmt: skip
    assert trained.metrics == {
        name: value
        for name, value in recorder.metrics.items()
        if name.startswith(("test.", "validation.", "best_epoch.", "last_epoch."))
    }
    assert trained.artifacts == ["reports/tiny/plots", "reports/tiny/tables"]
    shown = capsys.readouterr().out
    assert f"{metrics['test']['accuracy']:.4f}" in shown
    assert f"{metrics['test']['classes']['Yes']['recall']:.4f}" in shown

    # Made again, every output has the same bytes.
    before = {path: path.read_bytes() for path in reports.rglob("*.*")}
    run()
    assert before == {path: path.read_bytes() for path in reports.rglob("*.*")}


def test_diverged_model_is_refused_and_nothing_is_written(evaluated):
    import keras

    from pedigree.models.keras.archive import load_model, save_model

    run, trained, reports = evaluated
    path = Path("models/tiny/model.keras")
    model = load_model(path)
    model.set_weights([np.array([[np.nan]]), np.array([0.0])])
    save_model(model, path)
    with pytest.raises(RefusedError, match=r"probabilities must be in \[0, 1\]"):
        run()
    assert [path.name for path in reports.iterdir()] == ["history.csv"]
    assert not trained.metrics
    keras.backend.clear_session()


def test_what_is_no_longer_asked_for_is_gone(evaluated):
    run, _, reports = evaluated
    run()
    path = Path("params.yaml")
    path.write_text(path.read_text().replace("weights: true", "weights: null"))
    (reports / "plots/samples.png").touch()
    run()
    tables = sorted(each.name for each in (reports / "tables").iterdir())
    assert tables == ["classes.csv", "roc.csv"]
    assert not (reports / "plots/samples.png").exists()


def test_a_report_on_other_rows_than_the_test_rows_is_wrong_use(evaluated):
    run, _, reports = evaluated
    path = Path("params.yaml")
    path.write_text(path.read_text().replace(", test]", "]"))
    with pytest.raises(WrongUseError, match="splits must end with test"):
        run()
    assert [each.name for each in reports.iterdir()] == ["history.csv"]


def test_what_cannot_be_drawn_is_refused_before_anything_is_predicted(
    evaluated, monkeypatch
):
    run, _, reports = evaluated
    path = Path("params.yaml")
    samples = "samples: {number: 4, columns: 2, seed: 0}"
    path.write_text(path.read_text().replace("weights: true", samples))
    monkeypatch.setattr("pedigree.evaluation.classification.task.predict", None)
    with pytest.raises(WrongUseError, match=r"be of images .* shape \(1,\)"):
        run()
    assert [each.name for each in reports.iterdir()] == ["history.csv"]


def test_a_figure_that_is_not_finite_is_refused(evaluated):
    run, _, reports = evaluated
    history = reports / "history.csv"
    history.write_text(history.read_text().replace("2,0.5,0.7,0.5", "2,0.5,0.7,inf"))
    with pytest.raises(RefusedError, match=r"last_epoch.val_loss=inf") as caught:
        run()
    assert len(str(caught.value).splitlines()) == 2
    assert [each.name for each in reports.iterdir()] == ["history.csv"]


def test_rows_that_a_refit_trained_on_are_not_called_validation():
    present, both = ("train", "validation", "test"), ("train", "validation")
    require_splits(("train", "test"), present, both)
    with pytest.raises(WrongUseError, match=r"where train.refit trains on it"):
        require_splits(("train", "validation", "test"), present, both)


@pytest.mark.parametrize(
    ("splits", "present", "said"),
    [
        (["train", "test"], ["train", "validation", "test"], None),
        (["test"], ["train", "test"], None),
        (["train", "validation"], ["train", "validation"], None),
        (["train"], ["train"], None),
        (["validation", "train"], ["train", "validation"], None),
        (["test", "train"], ["train", "test"], "end with test where .*: test, train"),
        (["train"], ["train", "test"], "end with test where .*Received: train"),
        (["test"], ["train", "validation"], "train, validation. Received: test"),
        (["validation", "test"], ["train", "test"], "Received: validation, test"),
    ],
)
def test_the_last_split_is_test_where_there_are_test_rows(splits, present, said):
    if said is None:
        require_splits(splits, present, ("train",))
        return
    with pytest.raises(WrongUseError, match=said) as caught:
        require_splits(splits, present, ("train",))
    assert len(str(caught.value).splitlines()) == 2
