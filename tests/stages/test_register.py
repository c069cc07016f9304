import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pedigree.data.prepared import Column, Meta, write_meta
from pedigree.errors import WrongUseError
from pedigree.models.predictor import Outputs, write_outputs
from pedigree.stages import register
from pedigree.tracking import registry
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.stage import StageRun
from pedigree.tracking.store import experiment_id, open_client

PARAMETERS = "experiments: {one: {register: {model: first-model}}}\n"

# Registering reads no model: any bytes will do.
MODEL = b"a Keras archive"

synced: list[str] = []

REGISTRATION = {
    "experiment": "one",
    "model": "first-model",
    "sha256": hashlib.sha256(MODEL).hexdigest(),
}


@pytest.fixture
def run(store: Path, monkeypatch: pytest.MonkeyPatch) -> StageRun:
    """A project with a model to register, and the run of its stage."""
    root = store.parent
    folders = ("models/one", "data/prepared/f/transform", "reports/one")
    for folder in folders:
        (root / folder).mkdir(parents=True)
    (root / "params.yaml").write_text(PARAMETERS)
    (root / "models/one/model.keras").write_bytes(MODEL)
    write_outputs(Outputs("classes", ("train",)), root / "models/one")
    (root / "data/prepared/f/transform/tabular.json").write_text("{}")
    (root / "reports/one/metrics.json").write_text('{"test": {"accuracy": 0.9}}')
    columns = (Column("a", "double", False),)
    classes = {"train": (1, 1)}
    meta = Meta(
        *("tabular", "y", ("no", "yes"), (1,), None, ("a",), columns),
        rows={"train": 2},
        class_counts=classes,
    )
    write_meta(root / "data/prepared/f", meta)
    client = open_client()
    tags = {"dvc.key": "0a", "dvc.out.models/one": "0b.dir"}
    lessons = experiment_id(client, "lessons")
    trained = client.create_run(lessons, tags=tags)
    monkeypatch.setattr(
        registry, "training_run", lambda _: RunLog(client, trained.info.run_id)
    )
    monkeypatch.setattr(register, "sync_ancestors", synced.append)
    synced.clear()
    own = client.create_run(lessons)
    return StageRun(client, own.info.run_id, "register@one", "0c")


def test_a_model_is_registered(run: StageRun) -> None:
    register.main(run, "one", "f")
    version = run.client.get_model_version_by_alias("first-model", "challenger")
    assert version.tags["pedigree.experiment"] == "one"
    assert version.description == "one on f: test accuracy 0.9000"
    tags = run.client.get_run(run.run_id).data.tags
    assert tags["pedigree.model_version"] == "models:/first-model/1"
    assert synced == ["register@one"]


@pytest.mark.parametrize(
    ("figures", "headline"),
    [
        ({"train": {"mse": 1.0}, "test": {"mae": 0.5, "mse": 0.25}}, "test mae 0.5000"),
        ({"validation": {"mse": 0.25}, "train": {"mae": 1}}, "validation mse 0.2500"),
        ({"train": {"accuracy": 1.0, "rows": 3}}, "train accuracy 1.0000"),
    ],
)
def test_a_version_tells_the_figure_that_tells_most(
    run: StageRun, figures: dict, headline: str
) -> None:
    Path("reports/one/metrics.json").write_text(json.dumps(figures))
    register.main(run, "one", "f")
    version = run.client.get_model_version_by_alias("first-model", "challenger")
    assert version.description == f"one on f: {headline}"


def test_the_output_says_nothing_that_a_second_time_changes(run: StageRun) -> None:
    path = Path("reports/one/registration.json")
    register.main(run, "one", "f")
    first = path.read_bytes()
    assert json.loads(first) == REGISTRATION
    run.client.delete_registered_model("first-model")
    register.main(run, "one", "f")
    register.main(run, "one", "f")
    assert path.read_bytes() == first
    assert len(run.client.search_model_versions("name = 'first-model'")) == 1


def test_an_unknown_experiment(run: StageRun) -> None:
    with pytest.raises(
        WrongUseError, match=r"experiments\.two must be in params\.yaml"
    ):
        register.main(run, "two", "f")


@pytest.mark.usefixtures("run")
def test_nothing_heavy_is_imported() -> None:
    code = """
import sys
from pathlib import Path
from pedigree.stages import register
from pedigree.tracking import registry
from pedigree.tracking.registry import register_version
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.store import experiment_id, open_client
client = open_client()
tags = {"dvc.key": "1a", "dvc.out.models/one": "0b.dir"}
run = client.create_run(experiment_id(client, "lessons"), tags=tags)
path = Path("models/one/model.keras")
trained = RunLog(client, run.info.run_id)
register_version(trained, "first-model", path, Path("data/prepared/f"), "")
heavy = {"tensorflow", "keras", "jax", "great_expectations"}
sys.exit(" ".join(heavy & set(sys.modules)) or 0)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
