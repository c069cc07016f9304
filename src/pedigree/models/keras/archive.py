"""Keras archives with canonical bytes: the same model is always the same file."""

import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.archives.keras import rewrite
from pedigree.errors import WrongUseError
from pedigree.models.predictor import Predictor, rows_at_once

if TYPE_CHECKING:
    import keras

MODEL_FILE = "model.keras"


def save_model(model: "keras.Model", path: Path) -> None:
    """Save an uncompiled model; the file holds no time and no process counter.

    Args:
        model: The model, uncompiled: the optimizer is no part of a result.
        path: The `.keras` file to write; replaced in one step.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        original = Path(folder) / "original.keras"
        model.save(original)
        canonical = Path(folder) / "canonical.keras"
        rewrite(original, canonical)
        canonical.replace(path)


def load_model(path: Path) -> "keras.Model":
    """Load a model for inference; no code inside the archive is run.

    Raises:
        WrongUseError: If the file is missing or is not such an archive.
    """
    import keras

    # Keras finds what they register by name.
    import pedigree.models.keras.brightness
    import pedigree.models.keras.cells  # noqa: F401

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        cause = str(error).strip().splitlines()[0]
        raise WrongUseError(
            f"{path} must be a Keras archive. Received: {cause}",
            "Make it again with `dvc repro`, or get it with `dvc checkout`.",
        ) from error


def load_predictor(folder: Path) -> Predictor:
    """Load a model as a function from prepared examples to its outputs.

    Examples are taken out of their array batch by batch: memory-mapped ones, and
    windows that share their rows, are never in memory all at once.

    Args:
        folder: Where the archive is, `models/<experiment>`.

    Raises:
        WrongUseError: If the file is missing or is not such an archive.
    """
    model = load_model(folder / MODEL_FILE)

    def predict(x: NDArray[Any]) -> NDArray[np.float32]:
        size = rows_at_once(x.shape[1:])
        batches = [
            model.predict_on_batch(x[start : start + size])
            for start in range(0, len(x), size)
        ]
        return np.concatenate(batches).astype(np.float32, copy=False)

    return predict


def read_weights(folder: Path) -> list[tuple[str, NDArray[np.float32]]]:
    """Read all weights of a model by their paths, `layer/kernel` and the like."""
    import keras

    model = load_model(folder / MODEL_FILE)
    return [(each.path, keras.ops.convert_to_numpy(each)) for each in model.weights]


def activations(folder: Path, layer: str, x: NDArray[Any]) -> NDArray[np.float32]:
    """Compute what a layer of a model answers.

    Args:
        folder: Where the archive is.
        layer: Name of the layer.
        x: Prepared examples, shape (rows, *input shape).

    Raises:
        WrongUseError: If the model has no such layer, or it gives no maps.
    """
    import keras

    model = load_model(folder / MODEL_FILE)
    names = [each.name for each in model.layers if len(each.output.shape) == 4]
    if layer not in names:
        raise WrongUseError(
            f"evaluate.activation_maps.layer must be one of {', '.join(names)}. "
            f"Received: {layer}",
            "Correct it in params.yaml.",
        )
    part = keras.Model(model.input, model.get_layer(layer).output)
    return np.asarray(part.predict(x, verbose=0), np.float32)
