"""Malicious versions: nothing of them runs, nothing is written outside."""

import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest

from pedigree.tracking.harmless import faults

DESCRIPTION = """\
flavors:
  python_function:
    artifacts:
      model: {path: artifacts/model.keras, uri: models/one/model.keras}
    code: code
    loader_module: mlflow.pyfunc.loaders.code_model
    model_code_path: /somewhere/pyfunc_model.py
"""
CONFIG = {
    "module": "keras",
    "class_name": "Functional",
    "config": {
        "layers": [{"module": "keras.layers", "class_name": "Dense", "config": {}}]
    },
}


class Trap:
    """What a pickle can do: it writes a file as it is loaded."""

    def __reduce__(self):
        return (os.system, ("touch SPRUNG",))


def write_zip(path, entries, compression=zipfile.ZIP_STORED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def write_keras(path, config=CONFIG, **more):
    entries = {"config.json": json.dumps(config), "metadata.json": "{}"}
    write_zip(path, entries | {"model.weights.h5": b"weights"} | more)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "model"
    (folder / "code/pedigree").mkdir(parents=True)
    (folder / "MLmodel").write_text(DESCRIPTION)
    (folder / "pyfunc_model.py").write_text("pass")
    (folder / "code/pedigree/__init__.py").write_text("")
    (folder / "code/pedigree/__pycache__").mkdir()
    (folder / "code/pedigree/__pycache__/x.pyc").write_bytes(b"")
    write_keras(folder / "artifacts/model.keras")
    write_zip(folder / "artifacts/transform/tabular.skops", {"schema.json": "{}"})
    yield folder
    assert not list(tmp_path.rglob("SPRUNG"))


def test_what_the_pipeline_registers_is_harmless(folder):
    assert list(faults(folder)) == []


def lambda_layer(name):
    layer = {"module": "keras.layers", "class_name": name, "config": {}}
    return CONFIG | {"config": {"layers": [layer]}}


def pickled_model(folder):
    (folder / "python_model.pkl").write_bytes(pickle.dumps(Trap()))
    text = DESCRIPTION.replace("model_code_path: /somewhere/pyfunc_model.py", "")
    (folder / "MLmodel").write_text(f"{text}    python_model: python_model.pkl\n")


def another_flavor(folder):
    (folder / "MLmodel").write_text(f"{DESCRIPTION}  sklearn: {{pickled_model: x}}\n")


def disguised_pickle(folder):
    (folder / "artifacts/model.keras").write_bytes(pickle.dumps(Trap()))


def other_module(folder):
    config = {"module": "os", "class_name": "system", "config": {}}
    write_keras(folder / "artifacts/model.keras", config)


def escaping_entry(folder):
    write_keras(folder / "artifacts/model.keras", **{"../../../SPRUNG": b""})


def absolute_entry(folder):
    path = str(folder.parent / "SPRUNG")
    write_keras(folder / "artifacts/model.keras", **{path: b""})


def escaping_skops(folder):
    entries = {"schema.json": "{}", "../SPRUNG": b""}
    write_zip(folder / "artifacts/transform/tabular.skops", entries)


def bomb(folder):
    entries = {"schema.json": "0" * 10**6}
    path = folder / "artifacts/transform/tabular.skops"
    write_zip(path, entries, zipfile.ZIP_DEFLATED)


def escaping_artifact(folder):
    text = DESCRIPTION.replace("artifacts/model.keras,", "../../secret,")
    (folder / "MLmodel").write_text(text)


def link(folder):
    (folder / "artifacts/meta.json").symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (pickled_model, "python_model.pkl is no file of a registered model"),
        (pickled_model, "MLmodel: the model is a pickle"),
        (another_flavor, "its only flavor must be python_function"),
        (disguised_pickle, "it cannot be read"),
        (other_module, "it names os.system"),
        (escaping_entry, "../../../SPRUNG is outside of its folder"),
        (absolute_entry, "SPRUNG is outside of its folder"),
        (escaping_skops, "../SPRUNG is outside of its folder"),
        (bomb, "schema.json is compressed"),
        (escaping_artifact, "../../secret is outside of its folder"),
        (link, "artifacts/meta.json is a link"),
    ],
)
def test_what_is_not_harmless_is_named(folder, damage, said):
    damage(folder)
    assert any(said in each for each in faults(folder)), list(faults(folder))


@pytest.mark.parametrize("name", ["Lambda", "__lambda__"])
def test_code_in_a_keras_archive_is_named(folder, name):
    write_keras(folder / "artifacts/model.keras", lambda_layer(name))
    (fault,) = faults(folder)
    assert fault.endswith("it holds a Lambda, which is code")


def test_an_untrusted_type_is_not_loaded(folder):
    from skops.io import dumps
    from skops.io.exceptions import UntrustedTypesFoundException

    from pedigree.archives import numpy as archive

    path = folder / "artifacts/transform/tabular.skops"
    path.write_bytes(dumps(Path))
    with pytest.raises(UntrustedTypesFoundException):
        archive.load(path, ())
    path.write_bytes(dumps(Trap()))
    with pytest.raises(UntrustedTypesFoundException):
        archive.load(path, ())


@pytest.mark.usefixtures("store")
def test_mlflow_itself_loads_no_pickle():
    import mlflow
    from mlflow.exceptions import MlflowException

    from pedigree.tracking.store import open_client

    class Pickled(mlflow.pyfunc.PythonModel):
        def predict(self, model_input):
            return model_input

        def __reduce__(self):
            return (os.system, ("touch SPRUNG",))

    open_client()
    mlflow.pyfunc.save_model("pickled", python_model=Pickled(), pip_requirements=[])
    with pytest.raises(MlflowException, match="using pickle is disallowed"):
        mlflow.pyfunc.load_model("pickled")
    assert not Path("SPRUNG").exists()
    shutil.rmtree("pickled")
