"""`pedigree predict` and `pedigree monitor` on a model that was trained in a clone."""

import json

import numpy as np
import pandas as pd
import pytest

from clones import Clone

URI = "models:/breast-cancer@challenger"
SOURCE = "data/external/breast_cancer/breast_cancer.csv"


@pytest.fixture(scope="module")
def clone(
    trained: tuple[Clone, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Clone:
    return trained[0].copy(tmp_path_factory.mktemp("serving") / "clone")


@pytest.fixture(scope="module")
def raw(clone: Clone) -> pd.DataFrame:
    return pd.read_parquet(clone.folder / "data/raw/breast_cancer/all.parquet")


def test_the_answers_are_those_of_the_evaluation(
    clone: Clone, raw: pd.DataFrame
) -> None:
    """From a CSV written as the source is, with the header that says nothing."""
    done = clone.attempt("pedigree", "predict", URI, SOURCE, "answers.parquet")
    assert done.returncode == 0, done.stderr
    assert "569 rows in" in done.stderr and not done.stdout
    answers = pd.read_parquet(clone.folder / "answers.parquet")
    folder = clone.folder / "reports/breast_cancer_mlp"
    evaluated = pd.read_parquet(folder / "predictions.parquet")
    same = answers.loc[evaluated["row"]].reset_index(drop=True)
    assert (same["label"] == evaluated["predicted"]).all()
    for name in ("probability_malignant", "probability_benign"):
        assert np.allclose(same[name], evaluated[name], atol=1e-5)
    assert len(answers) == len(raw)


@pytest.mark.slow
def test_a_bad_row_leaves_nothing(clone: Clone, raw: pd.DataFrame) -> None:
    bad = raw.astype({"mean_area": object})
    bad.loc[300, "mean_area"] = "large"
    bad.to_csv(clone.folder / "bad.csv", index=False)
    done = clone.attempt("pedigree", "predict", URI, "bad.csv", "out.csv")
    assert done.returncode == 1
    *_, rule, _ = done.stderr.splitlines()  # TensorFlow has its say before
    assert rule.endswith("mean_area must hold numbers. Received: 'large' in row 300")
    assert "Traceback" not in done.stderr
    assert not list(clone.folder.glob("*out.csv*"))
    done = clone.attempt("pedigree", "predict", URI, "bad.csv", "out.txt")
    assert done.returncode == 2


def monitor(clone: Clone, frame: pd.DataFrame, *arguments: str):
    frame.to_csv(clone.folder / "new.csv", index=False)
    return clone.attempt("pedigree", "monitor", URI, "new.csv", *arguments)


def test_data_that_drift_say_that_it_must_be_trained_again(
    clone: Clone, raw: pd.DataFrame
) -> None:
    sample = raw.sample(400, random_state=0)
    sample["mean_radius"] += 3 * raw["mean_radius"].std()
    sample["target"] = sample["target"].mask(sample.index % 2 == 0, 0)
    done = monitor(clone, sample, "--labels", "target", "--html", "page.html")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 columns have drifted (mean_radius, target), 0 may" in done.stderr
    assert "accuracy is" in done.stderr
    page = (clone.folder / "page.html").read_text("utf-8")
    assert "Train again." in page and "<script" not in page and "http" not in page

    (run,) = runs(clone, "retrain")
    assert run["tags"]["pedigree.monitored"].startswith("models:/breast-cancer/")
    assert run["experiment"] == "quickstart" and run["status"] == "FINISHED"
    assert run["metrics"]["drift.columns"] == 2
    assert run["metrics"]["drift.psi.mean_radius"] > 1
    assert {"monitoring.html", "monitoring.json"} <= set(run["artifacts"])


@pytest.mark.slow
def test_data_that_do_not_drift_say_nothing(clone: Clone, raw: pd.DataFrame) -> None:
    sample = raw.sample(400, random_state=1)
    done = monitor(clone, sample.drop(columns="target"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "400 new rows; 0 columns have drifted" in done.stdout
    (run,) = runs(clone, "kept")
    assert not [name for name in run["metrics"] if name.startswith("new.a")]


@pytest.mark.slow
def test_a_file_that_cannot_be_compared(clone: Clone, raw: pd.DataFrame) -> None:
    done = monitor(clone, raw[:20].drop(columns="mean_radius"))
    assert done.returncode == 2 and "must have the column mean_radius" in done.stderr
    done = monitor(clone, raw[:20], "--labels", "diagnosis")
    assert done.returncode == 2 and "Received: diagnosis" in done.stderr


def runs(clone: Clone, verdict: str) -> list[dict]:
    code = f"""
import json
from pedigree.tracking.store import open_client
client = open_client()
names = {{e.experiment_id: e.name for e in client.search_experiments()}}
found = client.search_runs(list(names), "tags.`pedigree.monitoring` = '{verdict}'")
print(json.dumps([
    {{
        "experiment": names[run.info.experiment_id],
        "status": run.info.status,
        "tags": run.data.tags,
        "metrics": run.data.metrics,
        "artifacts": [each.path for each in client.list_artifacts(run.info.run_id)],
    }}
    for run in found
]))
"""
    return json.loads(clone.run("python", "-c", code).splitlines()[-1])
