"""The model registry: versions that carry their preprocessing and their lineage."""

import hashlib
import importlib.metadata
import json
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pedigree
from pedigree.data.prepared import Meta, read_meta
from pedigree.models.predictor import (
    LIBRARIES,
    OUTPUTS_FILE,
    PARTS_FILE,
    OutputKind,
    list_parts,
    model_file,
    read_outputs,
)
from pedigree.models.raw_rows import IMAGE_KINDS
from pedigree.tracking.manifest import sha256_of, write_manifest
from pedigree.tracking.outcome import read_figures
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.runs import training_run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models import ModelSignature

CHALLENGER = "challenger"
CODE_TAG = "pedigree.serving_code"
MODEL_CODE = Path(__file__).with_name("pyfunc_model.py")

# What turns raw rows into answers, below the package: where one of these differs, so
# does the version. {kind} is that of the transform, {library} what trained the model.
SERVING_CODE = (
    "archives/hashing.py",
    "archives/numpy.py",
    "archives/{library}.py",
    "data/prepared.py",
    "data/raw.py",
    "data/transforms/{kind}.py",
    "models/continuation.py",
    "models/predictor.py",
    "models/probabilities.py",
    "models/raw_rows.py",
    "models/{library}",
    "tracking/harmless.py",
    "tracking/manifest.py",
    "tracking/pyfunc_model.py",
)

# What a transform calls besides, by its kind.
TRANSFORM_CODE = {
    "resized_image": ("data/resizing.py",),
    "vgg16_features": ("data/resizing.py", "data/weights.py"),
}

# MLflow's names for what a model does, by what its outputs are.
MODEL_TYPES = {"classes": "classifier", "number": "regressor"}

# What answering a request needs, in the versions that the model was made with.
_INFERENCE_PACKAGES = (
    "keras",
    "mlflow",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "ruamel.yaml",
    "scikit-learn",
    "skops",
)


def register_experiment(
    run: RunLog, name: str, experiment: str, prepared: Path
) -> "ModelVersion":
    """Register the present model of an experiment, and say so on a run.

    Args:
        run: The run of the registration.
        name: The registered model.
        experiment: Key of the experiment in `params.yaml`.
        prepared: The folder that it was trained on.
    """
    version = register_version(
        training_run(experiment),
        name,
        model_file(Path("models", experiment)),
        prepared,
        f"{experiment} on {prepared.name}: {_headline(read_figures(experiment))}",
    )
    run.set_tags({"pedigree.model_version": f"models:/{name}/{version.version}"})
    return version


def _headline(figures: Mapping[str, float]) -> str:
    """The figure that tells most of a model: `test accuracy 0.9800` and the like."""
    names = (
        f"{split}.{name}"
        for split in ("test", "validation", "train")
        for name in ("accuracy", "mae", "mse", "mean_iou")
    )
    name = next(name for name in names if name in figures)
    return f"{name.replace('.', ' ')} {figures[name]:.4f}"


def register_version(
    trained: RunLog, name: str, model: Path, prepared: Path, description: str
) -> "ModelVersion":
    """Add a version to a registered model, and let `challenger` name the newest one.

    Where a version with the same model from the same training, served by the same
    code, is there already, none is added.

    Args:
        trained: The run of the training; the version belongs to it.
        name: The registered model; it is made where it does not exist.
        model: The model's file, `models/<experiment>/model.*`.
        prepared: The folder whose `meta.json` and `transform/` travel along.
        description: A sentence for the UI.

    Returns:
        The version with this model.
    """
    client = trained.client
    code = serving_code(read_meta(prepared).kind, LIBRARIES[model.suffix])
    tags = {**_version_tags(trained, model.parent), CODE_TAG: code}
    versions = _versions(client, name)
    same = [each for each in versions if _is_same(each, tags, model.parent)]
    if same:
        version = same[-1]
    else:
        model_id, manifest = log_model(trained, model, prepared, tags)
        version = client.create_model_version(
            name,
            source=f"models:/{model_id}",
            run_id=trained.run_id,
            tags={**tags, "pedigree.manifest": manifest},
            description=description,
            model_id=model_id,
        )
        versions.append(version)
    client.set_registered_model_alias(name, CHALLENGER, versions[-1].version)
    return version


def log_model(
    trained: RunLog, model: Path, prepared: Path, tags: Mapping[str, str]
) -> tuple[str, str]:
    """Log a model that answers to raw rows, as an output of the run of its training.

    Args:
        trained: The run of the training; its status and its end stay as they are.
        model: The model's file.
        prepared: The folder with `meta.json` and `transform/`.
        tags: Tags of the logged model.

    Returns:
        Its id, and the sha256 of its manifest.
    """
    import mlflow
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    client = trained.client
    run = client.get_run(trained.run_id)
    logged = client.create_logged_model(
        run.info.experiment_id,
        name=model.parent.name,
        source_run_id=trained.run_id,
        tags=dict(tags),
        params=run.data.params,
        model_type=MODEL_TYPES.get(read_outputs(model.parent).kind),
    )
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # An example would be sent through the model: seconds of TensorFlow.
            warnings.filterwarnings("ignore", message=".*An input example was not")
            parts = Path(folder, PARTS_FILE)
            listed = json.dumps(list_parts(model.parent), indent=2, sort_keys=True)
            parts.write_text(listed, "utf-8")
            # The fluent `log_model` would need a global active run.
            mlflow.pyfunc.save_model(
                Path(folder, "model"),
                mlflow_model=Model(run_id=trained.run_id, model_id=logged.model_id),
                python_model=str(MODEL_CODE),
                code_paths=[str(Path(pedigree.__file__).parent)],
                artifacts={
                    "meta": str(prepared / "meta.json"),
                    "model": str(model),
                    "outputs": str(model.with_name(OUTPUTS_FILE)),
                    "parts": str(parts),
                    "transform": str(prepared / "transform"),
                },
                signature=signature_of(
                    read_meta(prepared), read_outputs(model.parent).kind
                ),
                pip_requirements=inference_requirements(),
            )
            manifest = write_manifest(Path(folder, "model"))
            client.log_model_artifacts(logged.model_id, str(Path(folder, "model")))
    except BaseException:
        client.finalize_logged_model(logged.model_id, "FAILED")
        raise
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(trained.run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id), manifest


def signature_of(meta: Meta, kind: OutputKind) -> "ModelSignature":
    """Describe what a model takes and what it answers.

    Args:
        meta: What its prepared arrays mean.
        kind: What its outputs are.

    Returns:
        Raw columns, optional where the raw data misses values, or an uint8 tensor of
        images; then the label and the probability of each class, the class index of
        each pixel, the predicted number, the continuation of a text, or examples of the
        input's shape, scaled.
    """
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec
    from mlflow.types.schema import Array

    if meta.kind in IMAGE_KINDS:
        # Pixels in one row are no shape of an image: the transform knows that shape.
        # What is resized may have any shape, though one request has one.
        fixed = meta.kind == "image" and len(meta.input_shape) == 3
        sides = meta.input_shape if fixed else (-1, -1, -1)
        inputs = Schema([TensorSpec(np.dtype(np.uint8), (-1, *sides))])
    else:
        inputs = Schema(
            [
                ColSpec(
                    Array(DataType.long)
                    if column.type == "longs"
                    # A missing value turns whole numbers into floating ones.
                    else "double"
                    if column.nullable and column.type == "long"
                    else column.type,
                    column.name,
                    required=not column.nullable,
                )
                for column in meta.columns
            ]
        )
    if kind == "input":
        output = TensorSpec(np.dtype(np.float32), (-1, *meta.input_shape))
        return ModelSignature(inputs, Schema([output]))
    if kind == "masks":
        masks = TensorSpec(np.dtype(np.uint8), (-1, *meta.input_shape[:2]))
        return ModelSignature(inputs, Schema([masks]))
    if kind == "tokens":
        return ModelSignature(inputs, Schema([ColSpec("string", "continuation")]))
    if kind == "number":
        return ModelSignature(inputs, Schema([ColSpec("float", "prediction")]))
    assert meta.classes
    probabilities = [ColSpec("float", f"probability_{name}") for name in meta.classes]
    return ModelSignature(inputs, Schema([ColSpec("string", "label"), *probabilities]))


def serving_code(kind: str, library: str) -> str:
    """Hash the code that answers to raw rows.

    Args:
        kind: The kind of the transform.
        library: What trained the model, `keras` or `numpy`.

    Returns:
        A sha256 in hexadecimal digits.
    """
    package = Path(pedigree.__file__).parent
    paths = {
        file.relative_to(package).as_posix(): file
        for name in (*SERVING_CODE, *TRANSFORM_CODE.get(kind, ()))
        for path in [package / name.format(kind=kind, library=library)]
        for file in (path.rglob("*.py") if path.is_dir() else [path])
    }
    sums = [f"{sha256_of(file)}  {name}\n" for name, file in sorted(paths.items())]
    return hashlib.sha256("".join(sums).encode()).hexdigest()


def inference_requirements() -> list[str]:
    """Pin what answering a request needs, in the installed versions."""
    packages = (*_INFERENCE_PACKAGES, os.environ.get("KERAS_BACKEND", "tensorflow"))
    return [f"{name}=={importlib.metadata.version(name)}" for name in packages]


def _versions(client: "MlflowClient", name: str) -> list["ModelVersion"]:
    """List the versions of a registered model, oldest first; make it if need be."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    versions = client.search_model_versions(f"name = '{name}'")
    return sorted(versions, key=lambda each: int(each.version))


def _version_tags(trained: RunLog, model: Path) -> dict[str, str]:
    """Say which training made a version; what that read, its run tells."""
    run = trained.client.get_run(trained.run_id)
    study = trained.client.get_experiment(run.info.experiment_id).name
    inherited = {
        name: value
        for name, value in run.data.tags.items()
        if name in ("dvc.stage", "dvc.key", f"dvc.out.{model.as_posix()}")
        or name.startswith("git.")
    }
    return {
        **inherited,
        "pedigree.experiment": model.name,
        "pedigree.study": study,
    }


def _is_same(version: "ModelVersion", tags: Mapping[str, str], model: Path) -> bool:
    identity = ("dvc.key", f"dvc.out.{model.as_posix()}", CODE_TAG)
    return all(version.tags.get(name) == tags[name] for name in identity)
