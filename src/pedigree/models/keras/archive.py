"""Keras archives with canonical bytes: the same model is always the same file."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pedigree.errors import WrongUseError
from pedigree.models.predictor import Predictor

if TYPE_CHECKING:
    import keras

MODEL_FILE = "model.keras"

# The earliest time a zip entry can bear.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


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
        _rewrite(original, canonical)
        canonical.replace(path)


def load_model(path: Path) -> "keras.Model":
    """Load a model for inference; no code inside the archive is run.

    Raises:
        WrongUseError: If the file is missing or is not such an archive.
    """
    import keras

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

    Args:
        folder: Where the archive is, `models/<experiment>`.

    Raises:
        WrongUseError: If the file is missing or is not such an archive.
    """
    model = load_model(folder / MODEL_FILE)

    def predict(x: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(model.predict(x, batch_size=1024, verbose=0), np.float32)

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


def _rewrite(source: Path, target: Path) -> None:
    """Copy a zip: entries sorted, stored, without times."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name.endswith(".json"):
                content = _canonical_json(json.loads(content))
            new.writestr(zipfile.ZipInfo(name, _NO_TIME), content)


def _canonical_json(document: dict[str, Any]) -> bytes:
    """Sort the keys, drop the date, and number shared objects by appearance.

    Keras identifies objects that layers share by their address in memory.
    """
    numbers: dict[int, int] = {}

    def canonical(value: Any) -> Any:
        if isinstance(value, list):
            return [canonical(item) for item in value]
        if not isinstance(value, dict):
            return value
        copy = {key: canonical(item) for key, item in value.items()}
        if "shared_object_id" in copy:
            identity = copy["shared_object_id"]
            copy["shared_object_id"] = numbers.setdefault(identity, len(numbers))
        if "date_saved" in copy:
            copy["date_saved"] = "1980-01-01@00:00:00"
        return copy

    return json.dumps(canonical(document), sort_keys=True).encode()
