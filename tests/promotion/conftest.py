"""A registered model with a whole ancestry, made by hand in seconds.

Its data are two columns: `signal` decides the class, and a model that makes `errors`
errors is wrong where `number` is below that. No library trains or answers: what is
asked here is the gate, not the models.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pedigree.archives.hashing import hash_of_file, hash_of_tree
from pedigree.data.prepared import Arrays, Meta, write_meta, write_split
from pedigree.data.raw import write_split as write_raw
from pedigree.data.transforms import tabular
from pedigree.evaluation.classification.task import write_predictions
from pedigree.models.predictor import Outputs, write_outputs
from pedigree.params.features import TabularTransform
from pedigree.promotion import answers
from pedigree.sections import parse
from pedigree.tracking.dvc_entry import key_of
from pedigree.tracking.registry import register_version
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.store import experiment_id, open_client

ROWS = 1000
CLASSES = ("no", "yes")
GATE = """\
promotion:
  rain:
    metric: accuracy
    minimum: 0.7
    margin: 0.0
    significance: 0.05
    class_floors: {recall: 0.6}
    milliseconds_per_row: 10000
    archive_bytes: 100000
    expectations: critical
    lineage: complete
"""
TRANSFORM = {
    "kind": "tabular",
    "label": {
        "column": "rain",
        "values": [0, 1],
        "classes": list(CLASSES),
        "missing": "refuse",
    },
    "fit": "train",
    "numeric": {
        "columns": ["signal", "number"],
        "fill": "mean",
        "scale": "none",
        "flag_missing": False,
    },
}
TABLE = {"format": "csv", "files": {"all": "rain.csv"}}


def predict(x: Any, errors: int) -> Any:
    """Answer prepared rows: wrong where the number of the row is below `errors`."""
    right = x[:, 1] >= errors
    yes = (x[:, 0] > 0) == right
    return np.where(yes, 0.9, 0.1).astype(np.float32)[:, None]


def load_predictor(path: Path) -> Any:
    """Load a model of this test from a file that looks like a Keras archive."""
    with zipfile.ZipFile(path) as archive:
        errors = json.loads(archive.read("config.json"))["errors"]
    return lambda x: predict(x, errors)


class World:
    """The project of the test, as the working folder."""

    def __init__(self) -> None:
        generator = np.random.default_rng(0)
        signal = generator.normal(size=ROWS)
        self.table = pa.table(
            {
                "signal": signal,
                "number": np.arange(ROWS, dtype=np.float64),
                "rain": (signal > 0).astype(np.int64),
            }
        )
        self.client = open_client()
        self.raw = self.ingest("rain")
        self.verdict = self.validate({"success": True, "results": []})
        self.prepared = self.prepare(np.arange(ROWS))

    def run(self, stage: str, deps: dict[str, str], outs: dict[str, str]) -> RunLog:
        """Record an execution of a stage."""
        params: dict[str, Any] = {}
        if stage.startswith("fetch@"):
            files = [{"name": "rain.csv", "sha256": "0" * 64}]
            params = {"downloads.rain": {"kind": "sklearn", "files": files}}
        if stage.startswith("ingest@"):
            params = {f"datasets.{stage.partition('@')[2]}.table": TABLE}
        entry = {"cmd": stage, "deps": deps, "params": {"params.yaml": params}}
        tags = {"dvc.stage": stage, "dvc.key": key_of(entry)}
        tags |= {f"dvc.dep.{path}": value for path, value in deps.items()}
        tags |= {f"dvc.out.{path}": value for path, value in outs.items()}
        lessons = experiment_id(self.client, "lessons")
        created = self.client.create_run(lessons, tags=tags)
        self.client.log_dict(created.info.run_id, entry, "lock_entry.json")
        self.client.set_terminated(created.info.run_id, "FINISHED")
        return RunLog(self.client, created.info.run_id)

    def ingest(self, name: str) -> dict[str, str]:
        folder = Path("data/raw", name)
        write_raw(folder, "all", self.table)
        raw = {str(folder): hash_folder(folder)}
        source = {f"data/external/{name}": "0a.dir"}
        self.run(f"fetch@{name}", {}, source)
        self.run(f"ingest@{name}", source, raw)
        return raw

    def validate(self, verdict: dict[str, Any]) -> dict[str, str]:
        path = Path("data/validated/rain.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(verdict))
        made = {str(path): hash_of_file(path.read_bytes())}
        self.run("validate@rain", self.raw, made).log_artifact(path)
        return made

    def prepare(self, test: Any, name: str = "all_rows") -> dict[str, str]:
        folder = Path("data/prepared", name)
        (folder / "transform").mkdir(parents=True, exist_ok=True)
        parameters = parse(TabularTransform, TRANSFORM, Path("params.yaml"))
        fitted = tabular.fit(parameters, self.table, np.arange(ROWS))
        fitted.save(folder / "transform")
        x, y = fitted.apply(self.table), self.table["rain"].to_numpy()
        write_split(folder, "test", Arrays(x[test], y[test], np.asarray(test)))
        meta = Meta(
            *("tabular", "rain", CLASSES, fitted.input_shape, None),
            feature_names=fitted.feature_names,
            columns=tabular.describe_columns(parameters, self.table),
            rows={"train": 1, "test": len(test)},
            class_counts={},
        )
        write_meta(folder, meta)
        made = {str(folder): hash_folder(folder)}
        self.run(f"preprocess@{name}", self.raw | self.verdict, made)
        return made

    def register(
        self,
        errors: int,
        prepared: dict[str, str] | None = None,
        stored: bool = True,
        **config: Any,
    ) -> int:
        """Train, evaluate and register a model that makes so many errors."""
        prepared = prepared or self.prepared
        ((place, _),) = prepared.items()
        model = Path(f"models/errs_{errors}/model.keras")
        write_model(model, {"errors": errors} | config)
        made = {str(model.parent): hash_folder(model.parent)}
        trained = self.run(f"train@errs_{errors}", prepared, made)
        if stored:
            self.evaluate(errors, Path(place), prepared | made)
        version = register_version(trained, "rain", model, Path(place), "")
        return int(version.version)

    def evaluate(self, errors: int, folder: Path, deps: dict[str, str]) -> None:
        from pedigree.data.prepared import open_split, read_meta

        split = open_split(folder, "test")
        answered = predict(split.x, errors)
        path = Path(f"reports/errs_{errors}/predictions.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        outputs = np.concatenate([1 - answered, answered], axis=1)
        write_predictions(path, outputs, split, read_meta(folder))
        made = {str(path): hash_of_file(path.read_bytes())}
        self.run(f"evaluate@errs_{errors}", deps, made).log_artifact(path)

    def files(self, version: int) -> Path:
        """The folder of the logged model of a version."""
        uri = self.client.get_model_version_download_uri("rain", str(version))
        return Path(uri.removeprefix("file://"))

    def champion(self) -> int | None:
        found = self.client.get_registered_model("rain").aliases.get("champion")
        return None if found is None else int(found)


def write_model(path: Path, config: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    trained_on = tuple(config.get("trained_on", ["train"]))
    write_outputs(Outputs("classes", trained_on), path.parent)


def hash_folder(folder: Path) -> str:
    files = [each for each in folder.rglob("*") if each.is_file()]
    return hash_of_tree(
        {
            each.relative_to(folder).as_posix(): hash_of_file(each.read_bytes())
            for each in files
        }
    )


@pytest.fixture(scope="session")
def made(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three versions, which make 300, 200 and 195 errors."""
    import mlflow

    folder = tmp_path_factory.mktemp("promotion")
    shutil.copytree(store_template, folder / "mlruns")
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text("[core]\n    no_scm = True\n")
    (folder / "params.yaml").write_text(GATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", "")
        world = World()
        for errors in (300, 200, 195):
            world.register(errors)
        mlflow.set_tracking_uri(None)
    return folder


@pytest.fixture
def world(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """A copy of that project, in which models answer without a library."""
    import mlflow

    folder = tmp_path / "project"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setattr(answers, "load_predictor", load_predictor)
    monkeypatch.setattr(answers, "TIMED", 3)
    world = World.__new__(World)
    world.client = open_client()
    world.table = pa.parquet.read_table("data/raw/rain/all.parquet")
    world.raw = {"data/raw/rain": hash_folder(Path("data/raw/rain"))}
    verdict = Path("data/validated/rain.json")
    world.verdict = {str(verdict): hash_of_file(verdict.read_bytes())}
    prepared = Path("data/prepared/all_rows")
    world.prepared = {str(prepared): hash_folder(prepared)}
    yield world
    mlflow.set_tracking_uri(None)
