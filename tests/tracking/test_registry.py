"""Registered models answer to raw rows, wherever the folder is."""

import io
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import grimp
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from pedigree.data import raw
from pedigree.data.prepared import Column, Meta, write_meta
from pedigree.data.transforms import image, tabular
from pedigree.models.predictor import Outputs, write_outputs
from pedigree.params.features import ImageTransform, TabularTransform
from pedigree.sections import load_yaml, parse
from pedigree.tracking import registry
from pedigree.tracking.harmless import faults
from pedigree.tracking.manifest import differences
from pedigree.tracking.registry import (
    inference_requirements,
    register_version,
    serving_code,
    signature_of,
)
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.store import experiment_id, open_client

ROOT = Path(__file__).resolve().parents[2]

WEATHER = pa.table(
    {
        "Temp": [1.5, None, 3.0, 4.0],
        "Wind": ["N", "S", None, "N"],
        "Cloud": [1, 2, 3, 4],
        "Humidity": [0.5, 0.25, 0.5, 1.0],
        "Rain": ["No", "Yes", "No", "Yes"],
    }
)
LABEL = {"column": "Rain", "values": ["No", "Yes"], "classes": ["No", "Yes"]}


def write_weather(folder: Path) -> tuple[int, ...]:
    section = {
        "kind": "tabular",
        "label": LABEL | {"missing": "refuse"},
        "fit": "train",
        "numeric": {
            "columns": ["Temp", "Cloud", "Humidity"],
            "fill": "mean",
            "scale": "standard",
            "flag_missing": True,
        },
        "categorical": {"columns": ["Wind"]},
    }
    parameters = parse(TabularTransform, section, Path("params.yaml"))
    fitted = tabular.fit(parameters, WEATHER, np.arange(4))
    columns = tabular.describe_columns(parameters, WEATHER)
    write(folder, fitted, "tabular", ("No", "Yes"), columns)
    return fitted.input_shape


def write_digits(folder: Path) -> tuple[int, ...]:
    section = {
        "kind": "image",
        "label": {
            "column": "label",
            "values": [0, 1, 2],
            "classes": ["0", "1", "2"],
            "missing": "refuse",
        },
        "divide_by": 16,
    }
    parameters = parse(ImageTransform, section, Path("params.yaml"))
    images = np.zeros((3, 8, 8), dtype=np.uint8)
    table = raw.table_of_images(images, np.arange(3))
    fitted = image.fit(parameters, table, np.arange(3))
    write(folder, fitted, "image", ("0", "1", "2"), ())
    return fitted.input_shape


def write(folder, fitted, kind: str, classes: tuple, columns: tuple[Column, ...]):
    (folder / "transform").mkdir(parents=True)
    fitted.save(folder / "transform")
    counts = {"train": (1,) * len(classes)}
    meta = Meta(
        kind,
        "label",
        classes,
        fitted.input_shape,
        fitted.divide_by,
        fitted.feature_names,
        columns,
        {"train": len(classes)},
        counts,
    )
    write_meta(folder, meta)


def save_keras(path: Path, input_shape: tuple[int, ...], units: int) -> None:
    import keras

    from pedigree.models.keras.archive import save_model

    keras.utils.set_random_seed(0)
    activation = "sigmoid" if units == 1 else "softmax"
    layers = [
        keras.layers.Input(input_shape),
        keras.layers.Rescaling(1 / 16),
        keras.layers.Flatten(),
        keras.layers.Dense(units, activation),
    ]
    save_model(keras.Sequential(layers), path)
    write_outputs(Outputs("classes", ("train",)), path.parent)


class Trained(SimpleNamespace):
    """A model that has been trained, and its run."""

    run: RunLog
    root: Path
    name: str

    def register(self, key: str = "") -> ModelVersion:
        if key:
            self.run.set_tags({"dvc.key": key})
        folder = Path("data/prepared/f")
        path = Path("models", self.name, "model.keras")
        return register_version(self.run, self.name, path, folder, "a description")


@pytest.fixture(scope="module", params=["weather", "digits"])
def files(request, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    root = tmp_path_factory.mktemp(request.param)
    folder = root / "data/prepared/f"
    shape, units = {
        "weather": lambda: (write_weather(folder), 1),
        "digits": lambda: (write_digits(folder), 3),
    }[request.param]()
    save_keras(root / "models" / request.param / "model.keras", shape, units)
    return request.param, root


@pytest.fixture
def trained(files: tuple[str, Path], store: Path) -> Trained:
    name, source = files
    root = store.parent
    shutil.copytree(source, root, dirs_exist_ok=True)
    client = open_client()
    tags = {
        "dvc.stage": f"train@{name}",
        "dvc.key": "0a",
        f"dvc.out.models/{name}": "0b.dir",
        "git.commit": "0c",
        "dvc.dep.data/prepared/f": "told by the run",
        "mlflow.note": "not taken over",
    }
    run = client.create_run(experiment_id(client, "lessons"), tags=tags)
    client.set_terminated(run.info.run_id, "FINISHED")
    return Trained(run=RunLog(client, run.info.run_id), root=root, name=name)


def load(name: str):
    import mlflow

    return mlflow.pyfunc.load_model(f"models:/{name}@challenger")


def test_a_version_carries_its_lineage(
    trained: Trained, capfd: pytest.CaptureFixture
) -> None:
    client, run_id = trained.run.client, trained.run.run_id
    before = client.get_run(run_id).info
    version = trained.register()
    assert version.tags == {
        "dvc.stage": f"train@{trained.name}",
        "dvc.key": "0a",
        f"dvc.out.models/{trained.name}": "0b.dir",
        "git.commit": "0c",
        "pedigree.experiment": trained.name,
        "pedigree.manifest": version.tags["pedigree.manifest"],
        "pedigree.serving_code": serving_code(
            "image" if trained.name == "digits" else "tabular", "keras"
        ),
        "pedigree.study": "lessons",
    }
    folder = Path(client.get_model_version_download_uri(version.name, version.version))
    assert not list(differences(folder, version.tags["pedigree.manifest"]))
    assert version.run_id == run_id and version.description == "a description"
    after = client.get_run(run_id)
    assert (after.info.status, after.info.end_time) == ("FINISHED", before.end_time)
    (output,) = after.outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    assert version.source == f"models:/{logged.model_id}"
    assert (logged.source_run_id, logged.status) == (run_id, "READY")
    assert capfd.readouterr() == ("", ""), "MLflow's notices clutter the terminal"


def test_only_another_model_or_training_makes_another_version(
    trained: Trained,
) -> None:
    client = trained.run.client
    assert trained.register().version == 1
    assert trained.register().version == 1
    assert trained.register(key="0d").version == 2
    client.delete_registered_model_alias(trained.name, "challenger")
    assert trained.register(key="0a").version == 1
    newest = client.get_model_version_by_alias(trained.name, "challenger")
    assert int(newest.version) == 2


def test_other_serving_code_makes_another_version(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained.register().version == 1
    with monkeypatch.context() as patch:
        patch.setattr(registry, "serving_code", lambda *_: "0e")
        assert trained.register().version == 2
        assert trained.register().version == 2
    assert trained.register().version == 1


@pytest.mark.parametrize("name", registry.SERVING_CODE)
def test_each_file_of_the_serving_code_counts(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "src/pedigree", tmp_path / "pedigree")
    monkeypatch.setattr(registry.pedigree, "__file__", f"{tmp_path}/pedigree/x.py")
    before = serving_code("tabular", "keras")
    file = tmp_path / "pedigree" / name.format(kind="tabular", library="keras")
    file = file / "archive.py" if file.is_dir() else file
    file.write_bytes(file.read_bytes() + b"\n")
    assert serving_code("tabular", "keras") != before


# They fit a transform to training data; rows to answer to never meet them.
FIT_ONLY = ("data.splits", "data.transforms.labels", "data.transforms.targets")
WORDS = ("pedigree.errors", "pedigree.params", "pedigree.sections")
TRANSFORMS = (
    *("image", "multi_hot", "resized_image", "tabular"),
    *("tokens", "vgg16_features", "windows"),
)


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    graph = grimp.build_graph(
        "pedigree", exclude_type_checking_imports=True, cache_dir=None
    )
    for module in FIT_ONLY:
        graph.remove_module(f"pedigree.{module}")
    return graph


@pytest.mark.parametrize("library", ["keras", "numpy"])
@pytest.mark.parametrize("kind", TRANSFORMS)
def test_the_serving_code_is_all_that_answering_imports(
    kind: str, library: str, imports: grimp.ImportGraph
) -> None:
    started = {
        "pedigree.tracking.pyfunc_model",
        f"pedigree.data.transforms.{kind}",
        *imports.find_descendants(f"pedigree.models.{library}"),
    }
    reached = started.union(*map(imports.find_upstream_modules, started))
    names = (*registry.SERVING_CODE, *registry.TRANSFORM_CODE.get(kind, ()))
    paths = [
        ROOT / "src/pedigree" / n.format(kind=kind, library=library) for n in names
    ]
    files = {
        file
        for path in paths
        for file in (path.rglob("*.py") if path.is_dir() else [path])
        if file.name != "__init__.py"
    }
    assert files == {
        ROOT / "src" / f"{module.replace('.', '/')}.py"
        for module in reached
        if not module.startswith(WORDS)
    }


def test_every_transform_is_among_them() -> None:
    folder = ROOT / "src/pedigree/data/transforms"
    loaded = {
        path.stem for path in folder.glob("*.py") if "\ndef load(" in path.read_text()
    }
    assert loaded == set(TRANSFORMS)


def test_the_serving_code_is_what_register_depends_on() -> None:
    stage = load_yaml(ROOT / "dvc.yaml")["stages"]["register"]["do"]
    code = {name for name in stage["deps"] if name.startswith("src/")}
    named = {
        f"src/pedigree/{name}".replace("{library}", "${item.train.library}")
        for name in registry.SERVING_CODE
    }
    assert code - {"src/pedigree/stages/register.py"} <= named


def test_nothing_is_pickled(trained: Trained) -> None:
    trained.register()
    names = {path.name for path in (trained.root / "mlruns").rglob("*")}
    assert "pyfunc_model.py" in names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_it_answers_after_the_folder_has_moved(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.register()
    moved = trained.root / "moved"
    moved.mkdir()
    shutil.move(trained.root / "mlruns", moved)
    for name in ("data", "models"):
        shutil.rmtree(trained.root / name)
    monkeypatch.chdir(moved)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    open_client()
    model = load(trained.name)
    if trained.name == "digits":
        answer = model.predict(np.zeros((2, 8, 8, 1), dtype=np.uint8))
        probabilities = ["probability_0", "probability_1", "probability_2"]
    else:
        answer = model.predict(WEATHER.to_pandas().drop(columns="Rain"))
        probabilities = ["probability_No", "probability_Yes"]
    assert list(answer.columns) == ["label", *probabilities]
    assert np.allclose(answer[probabilities].sum(axis=1), 1, atol=1e-6)
    # What MLflow writes as it loads a version is no fault of the version.
    assert list((moved / "mlruns").rglob("registered_model_meta"))
    (folder,) = (path.parent for path in (moved / "mlruns").rglob("MLmodel"))
    version = open_client().get_model_version_by_alias(trained.name, "challenger")
    assert not list(differences(folder, version.tags["pedigree.manifest"]))
    assert not list(faults(folder))
    best = answer[probabilities].to_numpy().argmax(axis=1)
    labels = [probabilities[index].removeprefix("probability_") for index in best]
    assert list(answer["label"]) == labels


def test_what_could_run_is_not_loaded(trained: Trained) -> None:
    trained.register()
    (folder,) = (path.parent for path in Path("mlruns").rglob("MLmodel"))
    (folder / "artifacts/transform/more.skops").write_bytes(pickle.dumps(print))
    with pytest.raises(MlflowException, match=r"more\.skops: it cannot be read"):
        load(trained.name)


def test_bad_input_is_named(trained: Trained) -> None:
    trained.register()
    model = load(trained.name)
    if trained.name == "digits":
        with pytest.raises(MlflowException, match="does not match expected shape"):
            model.predict(np.zeros((2, 4, 4, 1), dtype=np.uint8))
        with pytest.raises(MlflowException, match="uint8"):
            model.predict(np.zeros((2, 8, 8, 1), dtype=np.float32))
        return
    rows = WEATHER.to_pandas().drop(columns="Rain")
    whole = model.predict(rows)
    filled = model.predict(rows.drop(columns=["Temp"]))
    assert len(filled) == len(whole)
    with pytest.raises(MlflowException, match="Cloud"):
        model.predict(rows.drop(columns=["Cloud"]))
    for column, values, message in (
        ("Humidity", [0.5, 0.5, None, 1.0], "must have a value.*none in row 2"),
        ("Humidity", [0.5, np.inf, 0.1, 1.0], "must hold numbers.*inf in row 1"),
        ("Cloud", [1.0, 2.5, 3.0, 4.0], "Can not safely convert float64 to int64"),
        ("Wind", [1, "N", "S", "N"], "must hold texts.*1 in row 0"),
        ("Wind", [None, "N", "S", 2.5], "must hold texts.*2.5 in row 3"),
        ("Temp", ["warm", 1.0, 2.0, 3.0], "Failed to convert column Temp"),
    ):
        wrong = rows.assign(**{column: pd.Series(values, dtype=None)})
        with pytest.raises(MlflowException, match=f"(?s){column}.*{message}"):
            model.predict(wrong)


def test_a_few_rows_are_read_as_pandas_reads_them(trained: Trained) -> None:
    if trained.name == "digits":
        pytest.skip("images are no columns")
    trained.register()
    model = load(trained.name)
    header = "Temp,Wind,Cloud,Humidity,Rain"
    lines = ["4,N,1,2,No", ",S,2,5,", "4,,3,2,No"]
    together = pd.read_csv(io.StringIO("\n".join([header, *lines])))
    assert together["Humidity"].dtype == "int64"
    expected = model.predict(together)
    for number, line in enumerate(lines):
        alone = pd.read_csv(io.StringIO(f"{header}\n{line}"))
        pd.testing.assert_frame_equal(
            model.predict(alone), expected[number : number + 1].reset_index(drop=True)
        )
    records = [{"Temp": None, "Wind": None, "Cloud": 2, "Humidity": 5}]
    assert len(model.predict(pd.DataFrame(records))) == 1
    with pytest.raises(MlflowException, match="Humidity"):
        model.predict(together.assign(Humidity=2**53 + 1))
    with pytest.raises(MlflowException, match="at least one row"):
        model.predict(together[:0])


def test_the_signature_says_what_may_be_missing(trained: Trained) -> None:
    trained.register()
    signature = load(trained.name).metadata.signature
    if trained.name == "digits":
        (tensor,) = signature.inputs.to_dict()
        assert tensor["tensor-spec"] == {"dtype": "uint8", "shape": (-1, 8, 8, 1)}
        return
    columns = {each["name"]: each for each in signature.inputs.to_dict()}
    assert {name: each["required"] for name, each in columns.items()} == {
        "Temp": False,
        "Wind": False,
        "Cloud": True,
        "Humidity": True,
    }
    types = {name: each["type"] for name, each in columns.items()}
    assert types == {
        "Temp": "double",
        "Wind": "string",
        "Cloud": "long",
        "Humidity": "double",
    }


def test_the_signature_of_what_is_no_table() -> None:
    def inputs(kind: str, shape: tuple[int, ...], *columns: Column) -> list[dict]:
        counts = {"train": (1, 1)}
        meta = Meta(kind, "y", ("a", "b"), shape, None, (), columns, {}, counts)
        return signature_of(meta, "classes").inputs.to_dict()

    (tokens,) = inputs("multi_hot", (9,), Column("tokens", "longs", nullable=False))
    assert (tokens["name"], tokens["type"]) == ("tokens", "array")
    assert tokens["items"] == {"type": "long"}
    (images,) = inputs("image", (1568,))  # with pixels that the transform adds
    assert images["tensor-spec"] == {"dtype": "uint8", "shape": (-1, -1, -1, -1)}


def test_requirements_are_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    requirements = inference_requirements()
    assert all("==" in each for each in requirements)
    names = [each.partition("==")[0] for each in requirements]
    assert "jax" in names and "tensorflow" not in names


@pytest.mark.slow
def test_it_is_served(trained: Trained) -> None:
    trained.register()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"MLFLOW_TRACKING_URI": "sqlite:///mlruns/mlflow.db"}
    environment.pop("PYTHONPATH", None)
    uri = f"models:/{trained.name}@challenger"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", uri]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    if trained.name == "digits":
        body = {"inputs": np.zeros((2, 8, 8, 1), dtype=int).tolist()}
    else:
        rows = [
            {"Temp": None, "Wind": "N", "Cloud": 1, "Humidity": 0.5},
            {"Cloud": 2, "Humidity": 1},
        ]
        body = {"dataframe_records": rows}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with subprocess.Popen(command, env=environment, start_new_session=True) as server:
        try:
            answer = json.loads(ask(request, server))
        finally:
            os.killpg(server.pid, 15)
    assert len(answer["predictions"]) == 2
    assert {"label"} < set(answer["predictions"][0])


def ask(request: urllib.request.Request, server: "subprocess.Popen[bytes]") -> bytes:
    """Send a request as soon as somebody listens."""
    deadline = time.monotonic() + 180
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            pytest.fail(error.read().decode())
        except urllib.error.URLError:
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.5)
