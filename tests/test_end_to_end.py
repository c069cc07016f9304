"""The pipeline as a user runs it: `dvc repro` in a clone, on a small experiment.

The tests run in the order of the file, each on what the one before left.
"""

import json

import pytest
from ruamel.yaml import YAML

from clones import stages_run

EXPERIMENT = "breast_cancer_mlp"
STAGES = [
    "fetch@breast_cancer",
    "ingest@breast_cancer",
    "validate@breast_cancer",
    "preprocess@breast_cancer_30",
    f"train@{EXPERIMENT}",
    f"evaluate@{EXPERIMENT}",
    f"register@{EXPERIMENT}",
]
VERDICT = "data/validated/breast_cancer.json"
REGISTRY = (
    "registered_models",
    "model_versions",
    "model_version_tags",
    "registered_model_aliases",
    "registered_model_tags",
)


@pytest.fixture(scope="module")
def checkout(trained, tmp_path_factory):
    return trained[0].copy(tmp_path_factory.mktemp("clone") / "project")


def test_all_stages_run_and_leave_a_registered_model(trained, checkout):
    assert trained[1] == STAGES
    metrics = json.loads(checkout.read(f"reports/{EXPERIMENT}/metrics.json"))
    assert metrics["test"]["accuracy"] > 0.8
    versions = checkout.rows("select name, version from model_versions")
    assert versions == [("breast-cancer", 1)]
    aliases = checkout.rows("select alias, version from registered_model_aliases")
    assert aliases == [("challenger", 1)]


def test_one_row_of_the_store_holds_parameters_and_test_metrics(checkout):
    runs = dict(
        checkout.rows(
            "select value, run_uuid from tags where key = 'mlflow.runName'"
            f" and value = 'train@{EXPERIMENT}'"
        )
    )
    run = runs[f"train@{EXPERIMENT}"]
    metrics = dict(
        checkout.rows(f"select key, value from latest_metrics where run_uuid = '{run}'")
    )
    reported = json.loads(checkout.read(f"reports/{EXPERIMENT}/metrics.json"))
    assert metrics["test.accuracy"] == reported["test"]["accuracy"]
    assert {"loss", "val_loss", "validation.accuracy"} <= set(metrics)
    parameters = dict(
        checkout.rows(f"select key, value from params where run_uuid = '{run}'")
    )
    assert any(key.endswith("train.epochs") for key in parameters)
    tags = dict(checkout.rows(f"select key, value from tags where run_uuid = '{run}'"))
    assert tags["dvc.stage"] == f"train@{EXPERIMENT}"
    assert {"dvc.key", "git.commit", "git.dirty"} <= set(tags)
    assert f"dvc.out.models/{EXPERIMENT}" in tags


def test_a_second_repro_runs_nothing(checkout):
    assert checkout.repro() == []


def test_git_sees_what_it_should_keep_and_nothing_else(checkout):
    """The commit after the training: no output of DVC, no edit of .gitignore by DVC."""
    changed = checkout.run("git", "diff", "--name-status", "HEAD~1")
    assert changed.splitlines() == [
        "A\tdvc.lock",
        f"A\treports/{EXPERIMENT}/history.csv",
        f"A\treports/{EXPERIMENT}/metrics.json",
    ]
    assert checkout.run("git", "status", "--porcelain") == ""


def test_only_the_stages_that_read_a_leaf_run(checkout):
    keys = ("experiments", EXPERIMENT, "evaluate", "bootstrap", "seed")
    affected = checkout.attempt("pedigree", "affected", ".".join(keys)).stdout.split()
    checkout.change(*keys, value=1)
    assert checkout.repro() == affected == STAGES[5:]
    checkout.change("experiments", EXPERIMENT, "title", value="Another title")
    assert checkout.repro() == []


def test_going_back_restores_the_earlier_outputs_without_running(checkout):
    metrics = checkout.read(f"reports/{EXPERIMENT}/metrics.json")
    keys = ("experiments", EXPERIMENT, "evaluate", "bootstrap", "seed")
    checkout.change(*keys, value=0)
    assert checkout.repro() == []
    assert checkout.read(f"reports/{EXPERIMENT}/metrics.json") != metrics
    checkout.change(*keys, value=1)
    assert checkout.repro() == []
    assert checkout.read(f"reports/{EXPERIMENT}/metrics.json") == metrics


def test_going_back_to_an_earlier_training_restores_all_that_came_of_it(checkout):
    first = checkout.outputs()
    keys = ("experiments", EXPERIMENT, "train", "seed")
    checkout.change(*keys, value=1)
    assert checkout.repro() == STAGES[4:]
    second = checkout.outputs()
    model = f"models/{EXPERIMENT}/model.keras"
    assert first.keys() == second.keys() and first[model] != second[model]
    for seed, outputs in [(0, first), (1, second), (0, first)]:
        checkout.change(*keys, value=seed)
        assert checkout.repro() == []
        assert checkout.outputs() == outputs


def test_forced_stages_write_the_same_bytes(checkout):
    versions = checkout.rows("select version from model_versions")
    lock, outputs = checkout.read("dvc.lock"), checkout.outputs()
    ran = checkout.repro("--force", TZ="Asia/Tokyo", PYTHONHASHSEED="7", LC_ALL="C")
    assert ran == STAGES
    assert checkout.outputs() == outputs
    assert checkout.read("dvc.lock") == lock
    # The same content is the same version.
    assert checkout.rows("select version from model_versions") == versions


@pytest.mark.parametrize(
    ("keys", "value", "code", "said"),
    [
        (("train", "epochs"), 0, 2, "train.epochs=0"),
        (("train", "optimizer", "rate"), 0.1, 2, "unknown"),
        (("model", "dropout"), [1.5, 0.2], 2, "model.dropout.0=1.5"),
    ],
)
def test_wrong_parameters_cost_no_earlier_result(checkout, keys, value, code, said):
    params, outputs = checkout.read("params.yaml"), checkout.outputs()
    checkout.change("experiments", EXPERIMENT, *keys, value=value)
    try:
        checked = checkout.attempt("pedigree", "check")
        assert checked.returncode == code
        assert said in checked.stderr
        assert len(checked.stderr.strip().splitlines()) == 2
        # And to one who runs DVC without checking first.
        done = checkout.attempt("dvc", "repro")
        assert done.returncode != 0
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert checkout.outputs() == outputs
    finally:
        (checkout.folder / "params.yaml").write_bytes(params)
    assert checkout.repro() == []


def test_a_wrong_checksum_costs_no_earlier_result(checkout):
    params, outputs = checkout.read("params.yaml"), checkout.outputs()
    document = YAML().load(checkout.folder / "params.yaml")
    files = document["downloads"]["breast_cancer"]["files"]
    files[0]["sha256"] = "0" * 64
    checkout.change("downloads", "breast_cancer", "files", value=files)
    try:
        done = checkout.attempt("dvc", "repro")
        assert done.returncode != 0
        assert "0" * 64 in done.stderr
        assert checkout.outputs() == outputs
    finally:
        (checkout.folder / "params.yaml").write_bytes(params)
    assert checkout.repro() == []


def test_an_edited_suite_that_finds_the_same_runs_nothing_after_it(checkout):
    path = checkout.folder / "expectations/breast_cancer.yaml"
    suite, verdict = path.read_text(), checkout.read(VERDICT)
    edited = "# Another comment.\n" + suite
    for old, new in (
        ("max_value: 40\n", "max_value: 41\n"),  # a limit
        ("critical\n    reason: No two", "warning\n    reason: No two"),
        ("reason: The diagnosis is a whole number.", "reason: 0 or 1."),
    ):
        assert old in edited
        edited = edited.replace(old, new, 1)
    path.write_text(edited)
    assert checkout.repro() == ["validate@breast_cancer"]
    assert checkout.read(VERDICT) == verdict
    path.write_text(suite)
    assert checkout.repro() == []


def test_data_that_fail_the_gate_stop_everything_after_it(checkout):
    """A file put by hand, whose columns are swapped, in place of the download."""
    params, outputs = checkout.read("params.yaml"), checkout.outputs()
    registry = [checkout.rows(f"select * from {table}") for table in REGISTRY]
    file = checkout.folder / "data/external/breast_cancer/breast_cancer.csv"
    good = file.read_text()
    head, *rows = good.splitlines()
    swapped = [",".join(reversed(row.split(","))) for row in rows]
    text = params.decode()
    datasets = text[text.index("\ndatasets:") :]
    (checkout.folder / "params.yaml").write_text("downloads: {}\n" + datasets)
    file.unlink()
    file.write_text("\n".join([head, *swapped]) + "\n")
    try:
        done = checkout.attempt("dvc", "repro")
        assert done.returncode != 0
        assert "exited with 1" in done.stderr  # so DVC says of the stage
        ran = stages_run(done.stdout)
        assert ran[-1] == "validate@breast_cancer"
        read_anew = ("data/external/", "data/raw/")
        kept = {k: v for k, v in outputs.items() if not k.startswith(read_anew)}
        assert kept.keys() >= {f"models/{EXPERIMENT}/model.keras", VERDICT}
        assert kept.items() <= checkout.outputs().items()
        assert registry == [
            checkout.rows(f"select * from {table}") for table in REGISTRY
        ]
    finally:
        (checkout.folder / "params.yaml").write_bytes(params)
        file.unlink(missing_ok=True)
    assert checkout.attempt("dvc", "repro").returncode == 0
    assert checkout.outputs() == outputs
