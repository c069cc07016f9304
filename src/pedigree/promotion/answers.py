"""Asking the archive of a logged model, without running any code that came with it.

MLflow would run the module that lies beside the model. Here the installed package reads
the same files: JSON, a skops archive whose types are known, a Keras archive without
code.
"""

import os
import time
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pedigree.data.prepared import Meta, read_meta
from pedigree.data.raw import take_rows
from pedigree.errors import RefusedError
from pedigree.models.predictor import load_predictor, model_file, read_outputs
from pedigree.models.probabilities import probabilities_of

# Single rows that are timed, after some that are not.
TIMED, UNTIMED = 30, 3


class Archive:
    """The parts of a logged model, loaded.

    Args:
        folder: The files of the logged model; `tracking.harmless` has no objection.

    Raises:
        RefusedError: If they cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        parts = folder / "artifacts"
        try:
            self.meta: Meta = read_meta(parts)
            kind = import_module(f"pedigree.data.transforms.{self.meta.kind}")
            self._transform = kind.load(parts / "transform")
            self.file = model_file(parts)
            self.outputs = read_outputs(parts)
            self._predictor = load_predictor(self.file)
        except Exception as error:  # whatever an archive of unknown origin may cause
            cause = " ".join(str(error).split())
            raise RefusedError(
                f"{folder} must hold a model that can be loaded. Received: {cause}",
                "Register the model again.",
            ) from error
        if self.outputs.kind == "masks" or self.meta.kind == "windows":
            raise RefusedError(
                "a model to promote must answer one row after the other. Received: a "
                f"model that takes {self.meta.kind} and gives {self.outputs.kind}",
                "Models of this kind are promoted by hand: set the alias in the UI.",
            )

    def answer(self, table: pa.Table) -> NDArray[np.float32]:
        """Answer raw rows.

        Args:
            table: Raw rows, as ingest writes them.

        Returns:
            Probabilities, shape (rows, classes); predicted numbers, shape (rows,); or
            the mean squared error of what is given back, shape (rows,).
        """
        x: NDArray[Any] = self._transform.apply(table)
        outputs = self._predictor(x)
        if self.outputs.kind == "classes":
            return probabilities_of(outputs)
        if self.outputs.kind == "number":
            return outputs.reshape(len(outputs))
        scaled = x.astype(np.float64) / (self.meta.divide_by or 1)
        errors = (outputs - scaled).reshape(len(outputs), -1) ** 2
        means: NDArray[np.float32] = errors.mean(axis=1).astype(np.float32)
        return means

    def milliseconds_per_row(self, table: pa.Table) -> float:
        """Time requests of a single row: transform and model.

        Args:
            table: Raw rows to choose from.

        Returns:
            The median of the timed requests.
        """
        times = []
        for number in range(UNTIMED + TIMED):
            row = take_rows(table, np.array([number % table.num_rows]))
            started = time.perf_counter()
            self.answer(row)
            times.append(time.perf_counter() - started)
        return 1000 * median(times[UNTIMED:])
