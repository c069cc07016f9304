"""The gate from end to end, on versions with a whole ancestry."""

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from typer.testing import CliRunner

from pedigree.cli.app import app
from pedigree.errors import RefusedError, WrongUseError
from pedigree.promotion.promote import promote, rollback, show_history
from pedigree.tracking.manifest import NAME, write_manifest


def set_gate(old: str, new: str) -> None:
    path = Path("params.yaml")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


def told() -> list[tuple]:
    return [(each.start, each.end, each.decision) for each in show_history("rain")]


def test_the_first_champion_has_nobody_to_beat(world):
    decision, findings = promote("rain", 1)
    assert decision.decision == "promoted", findings.reason
    assert (decision.start, decision.end, world.champion()) == (None, 1, 1)
    assert decision.figures["candidate"] == 0.7
    assert decision.figures["archive_bytes"] < 1000
    assert decision.figures["milliseconds_per_row"] > 0


def test_a_better_version_takes_over_and_one_better_by_chance_does_not(world):
    promote("rain", 1)
    decision, findings = promote("rain", 2)
    assert decision.decision == "promoted", findings.reason
    figures = decision.figures
    assert figures["only_candidate_right"] == 100
    assert figures["only_champion_right"] == 0
    assert figures["champion_predictions"] == "stored"
    decision, findings = promote("rain")
    # 195 errors where the champion makes 200: five rows, p = 2 * 0.5**5 - 0.5**5.
    assert decision.decision == "promoted"
    assert decision.figures["p_value"] == pytest.approx(0.5**5)
    set_gate("margin: 0.0", "margin: 0.01")
    decision, findings = promote("rain", 2)
    assert decision.decision == "refused" and world.champion() == 3
    assert "gain in accuracy over the champion must be ≥ 0.01" in decision.reason
    assert told() == [
        (None, 1, "promoted"),
        (1, 2, "promoted"),
        (2, 3, "promoted"),
        (3, 2, "refused"),
    ]


def test_the_command_line(world):
    assert run("promote", "rain", "--version", "1").exit_code == 0
    done = run("promote", "rain", "--version", "1")
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 2
    assert "must be another than the champion" in done.stderr
    done = run("promote", "rain")
    assert done.exit_code == 0
    assert "p-value of the gain, McNemar's test" in done.stdout
    assert "models:/rain/3 is the champion, after 1." in done.stdout
    done = run("rollback", "rain")
    assert done.exit_code == 0 and world.champion() == 1
    history = json.loads(run("history", "rain", "--json").stdout)
    assert [list(each) for each in history] == [
        ["time", "from", "to", "decision", "reason", "figures"]
    ] * 4
    assert [(each["from"], each["to"], each["decision"]) for each in history] == [
        (None, 1, "promoted"),
        (1, 1, "refused"),
        (1, 3, "promoted"),
        (3, 1, "rolled back"),
    ]
    assert "rolled back" in run("history", "rain").stdout
    assert run("rollback", "rain").exit_code == 1
    for arguments in (
        ("promote", "rain", "--version", "9"),
        ("promote", "snow"),
        ("rollback", "snow"),
        ("history", "snow"),
    ):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert len(done.stderr.strip().splitlines()) == 2


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("minimum: 0.7", "minimum: 0.8", "accuracy must be ≥ 0.8, and is 0.7000"),
        ("recall: 0.6", "recall: 0.9", "recall of each class must be ≥ 0.9 for"),
        ("row: 10000", "row: 0.000001", "milliseconds per row must be ≤ 1e-06"),
        ("bytes: 100000", "bytes: 100", "archive bytes must be ≤ 100"),
        ("lineage: complete", "lineage: verified", "bytes must be as recorded"),
    ],
)
def test_what_the_gate_asks_for_is_measured(world, old, new, reason):
    set_gate(old, new)
    decision, _ = promote("rain", 1)
    assert (decision.decision, world.champion()) == ("refused", None)
    assert reason in decision.reason
    assert told() == [(None, 1, "refused")]


def test_a_gate_that_does_not_fit_decides_nothing(world):
    set_gate("metric: accuracy", "metric: precision")
    with pytest.raises(WrongUseError, match="must have a bootstrap"):
        promote("rain", 1)
    set_gate("significance", "bootstrap: {resamples: 100, seed: 0}\n    significance")
    with pytest.raises(WrongUseError, match="metric must be one of accuracy, log_loss"):
        promote("rain", 1)
    assert told() == [] and world.champion() is None


@pytest.mark.parametrize("stored", [True, False])
def test_the_champion_answers_the_candidate_s_test_rows(world, stored):
    """Where its answers are not stored, or are to other rows, it is asked again."""
    champion = world.register(290, stored=stored)
    assert promote("rain", champion)[0].decision == "refused" or stored
    world.client.set_registered_model_alias("rain", "champion", str(champion))
    rows = world.prepare(np.arange(0, 1000, 2), "half")
    candidate = world.register(100, rows)
    decision, findings = promote("rain", candidate)
    assert decision.decision == "promoted", findings.reason
    assert decision.figures["champion_predictions"] == "recomputed"
    assert decision.figures["rows"] == 500
    # Even rows alone: 145 errors of the champion, 50 of the candidate.
    assert decision.figures["champion"] == pytest.approx(1 - 145 / 500)
    assert decision.figures["candidate"] == pytest.approx(1 - 50 / 500)


def test_answers_to_equal_rows_of_other_features_are_compared_as_stored(world):
    promote("rain", 1)
    candidate = world.register(100, world.prepare(np.arange(1000), "same"))
    decision, _ = promote("rain", candidate)
    assert decision.figures["champion_predictions"] == "stored"


def test_data_that_did_not_pass_is_refused(world):
    results = [
        {"success": False, "severity": "warning"},
        {"success": True},
    ]
    world.verdict = world.validate({"success": True, "results": results})
    version = world.register(50, world.prepare(np.arange(1000), "warned"))
    assert promote("rain", version)[0].decision == "promoted"
    set_gate("expectations: critical", "expectations: all")
    decision, _ = promote("rain", 1)
    assert "expectations" not in decision.reason
    version = world.register(20, world.prepare(np.arange(1000), "warned"))
    decision, _ = promote("rain", version)
    assert decision.decision == "refused"
    assert "expectations must be all met, and is 2 looked at, 1 of" in decision.reason


def delete_run(world, stage):
    experiments = [each.experiment_id for each in world.client.search_experiments()]
    query = f"tags.`dvc.stage` LIKE '{stage}@%'"
    for found in world.client.search_runs(experiments, query):
        world.client.delete_run(found.info.run_id)


def damage(world, name, content=b"other bytes"):
    (world.files(1) / name).write_bytes(content)


def forge(world, name, content):
    """Put a file into version 1, and a manifest that says it belongs there."""
    path = world.files(1) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    (world.files(1) / NAME).unlink()
    manifest = write_manifest(world.files(1))
    world.client.set_model_version_tag("rain", "1", "pedigree.manifest", manifest)


class Trap:
    def __reduce__(self):
        return (Path("SPRUNG").write_text, ("",))


def keras_with(**entries):
    path = Path("other.keras")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in ({"config.json": '{"errors": 0}'} | entries).items():
            archive.writestr(name, content)
    return path.read_bytes()


DAMAGES = {
    "no fetch": (lambda w: delete_run(w, "ingest"), "no run that made data/raw/rain"),
    "no source": (lambda w: delete_run(w, "fetch"), "0 source files"),
    "no verdict": (lambda w: delete_run(w, "validate"), "data/validated/rain.json"),
    "other model": (
        lambda w: damage(w, "artifacts/model.keras"),
        "files must be as registered, and is artifacts/model.keras differs",
    ),
    "other code": (lambda w: damage(w, "pyfunc_model.py"), "pyfunc_model.py differs"),
    "one more file": (lambda w: damage(w, "artifacts/x.json"), "x.json differs"),
    "forged model": (
        lambda w: forge(w, "artifacts/model.keras", keras_with()),
        "holds another model than the training's",
    ),
    "no description": (
        lambda w: forge(w, "MLmodel", b"[not YAML"),
        "MLmodel: ",
    ),
    "pickle": (
        lambda w: forge(w, "python_model.pkl", pickle.dumps(Trap())),
        "python_model.pkl is no file of a registered model",
    ),
    "disguised pickle": (
        lambda w: forge(w, "artifacts/transform/tabular.skops", pickle.dumps(Trap())),
        "artifacts/transform/tabular.skops: it cannot be read",
    ),
    "escaping entry": (
        lambda w: forge(
            w, "artifacts/transform/more.skops", keras_with(**{"../../SPRUNG": ""})
        ),
        "../../SPRUNG is outside of its folder",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_version_that_is_not_whole_is_refused_unseen(world, name, monkeypatch):
    what, said = DAMAGES[name]
    what(world)
    loaded = []
    monkeypatch.setattr("pedigree.promotion.evidence.Archive", loaded.append)
    decision, findings = promote("rain", 1)
    assert (decision.decision, world.champion()) == ("refused", None)
    assert said in decision.reason, findings.reason
    assert loaded == [] and not list(Path().rglob("SPRUNG"))


@pytest.mark.parametrize("name", ["pickle", "disguised pickle", "escaping entry"])
@pytest.mark.parametrize("command", ["predict", "monitor"])
def test_nor_does_such_a_version_answer(world, command, name, monkeypatch):
    what, said = DAMAGES[name]
    what(world)
    loaded = []
    monkeypatch.setattr("pedigree.serving.version.load_raw_rows_model", loaded.append)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # this process goes on
    pa.csv.write_csv(world.table.drop_columns("rain"), "new.csv")
    out = ["out.csv"] if command == "predict" else []
    done = run(command, "models:/rain/1", "new.csv", *out)
    # Of `monitor`, 1 would say that the model has to be trained again.
    assert (done.exit_code, done.stdout) == (1 if out else 2, "")
    assert said in done.stderr
    assert loaded == [] and not [*Path().rglob("SPRUNG"), *Path().glob("out.csv")]


def test_a_version_without_answers_to_test_rows_is_refused(world):
    delete_run(world, "evaluate")
    decision, _ = promote("rain", 1)
    assert decision.decision == "refused"
    assert "predictions of test rows must be stored, and is none" in decision.reason


def test_a_version_that_learned_the_test_rows_is_refused(world):
    version = world.register(10, trained_on=["train", "test"])
    decision, _ = promote("rain", version)
    assert decision.decision == "refused"
    assert "is of rows that it was trained on" in decision.reason


def test_a_task_that_cannot_be_compared_is_refused(world, monkeypatch):
    from pedigree.promotion import evidence

    table = Path("other.parquet")
    pa.parquet.write_table(pa.table({"row": [1], "pixel_accuracy": [0.5]}), table)
    read = evidence.read_predictions
    monkeypatch.setattr(evidence, "read_predictions", lambda _: read(table))
    decision, _ = promote("rain", 1)
    assert decision.decision == "refused" and world.champion() is None
    assert "must be classes, numbers or errors of rows" in decision.reason


def test_a_version_registered_by_hand_is_refused(world):
    world.client.create_model_version("rain", str(world.files(1)))
    decision, _ = promote("rain", 4)
    assert decision.decision == "refused"
    assert "must be registered by the pipeline" in decision.reason


@pytest.mark.usefixtures("world")
def test_a_model_that_answers_otherwise_than_stored_is_refused(monkeypatch):
    from pedigree.promotion import answers

    monkeypatch.setattr(
        answers, "load_predictor", lambda _: lambda x: 0 * x[:, :1] + 0.5
    )
    decision, _ = promote("rain", 1)
    assert decision.decision == "refused"
    assert "answers must be as stored, and is 0.4 apart in 256 rows" in decision.reason


def test_a_damaged_champion_is_no_yardstick(world):
    promote("rain", 1)
    damage(world, "artifacts/meta.json")
    decision, _ = promote("rain", 2)
    assert decision.decision == "refused" and world.champion() == 1
    assert "the champion models:/rain/1 must be whole" in decision.reason


def test_rolling_back_goes_back_step_by_step_to_whole_versions(world):
    for version in (1, 2, 3):
        promote("rain", version)
    assert rollback("rain").end == 2
    assert promote("rain", 3)[0].decision == "promoted"
    assert rollback("rain").end == 2
    damage(world, "artifacts/meta.json")
    decision = rollback("rain")
    assert decision.decision == "refused" and world.champion() == 2
    assert "artifacts/meta.json differs" in decision.reason
    assert run("rollback", "rain").exit_code == 1
    assert told()[-1] == (2, 1, "refused")


@pytest.mark.usefixtures("world")
def test_without_a_champion_before_there_is_no_way_back():
    with pytest.raises(RefusedError, match="none before the first"):
        rollback("rain")
    promote("rain", 1)
    with pytest.raises(RefusedError, match="none before 1"):
        rollback("rain")


def test_an_alias_moved_by_hand_is_told(world):
    promote("rain", 1)
    world.client.set_registered_model_alias("rain", "champion", "3")
    assert told() == [(None, 1, "promoted"), (1, 3, "moved")]
    assert rollback("rain").end == 1
    world.client.delete_registered_model_alias("rain", "champion")
    assert told()[-1] == (1, None, "moved")
    assert promote("rain", 2)[0].start is None


@pytest.mark.usefixtures("world")
def test_a_secret_that_is_part_of_a_figure_does_no_harm(monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "promoted")
    monkeypatch.setenv("API_KEY", "candidate")
    decision, _ = promote("rain", 1)
    assert show_history("rain") == [decision]
    assert decision.decision == "promoted" and decision.figures["candidate"] == 0.7


def test_a_record_that_was_edited_is_said(world):
    promote("rain", 1)
    (found,) = world.client.search_runs(
        [world.client.get_experiment_by_name("promotion").experiment_id]
    )
    world.client.set_tag(found.info.run_id, "pedigree.decision.record", "0.***35")
    result = run("history", "rain")
    assert result.exit_code == 1
    rule, remedy = result.stderr.splitlines()
    assert found.info.run_id in rule and rule.endswith("Received: 0.***35")
    assert "decision.json" in remedy


@pytest.mark.usefixtures("world")
def test_a_store_that_does_not_answer_is_said_in_two_lines(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    result = run("history", "rain")
    assert result.exit_code == 2
    rule, remedy = result.stderr.splitlines()[-2:]
    assert rule.startswith("the MLflow store must answer. Received: ")
    assert "MLFLOW_TRACKING_URI" in remedy
