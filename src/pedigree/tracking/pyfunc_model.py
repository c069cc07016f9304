"""A registered model: from raw rows to labels and probabilities.

MLflow runs this file when it saves and when it loads a model ("models from code"), so
that nothing is pickled; it is no module to import.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from pedigree.data.prepared import Column, Meta, read_meta
from pedigree.data.raw import table_of_images
from pedigree.errors import RefusedError
from pedigree.models.continuation import continue_texts
from pedigree.models.predictor import load_predictor, read_output_kind
from pedigree.models.probabilities import probabilities_of

_ARROW_TYPES = {
    "double": pa.float64(),
    "long": pa.int64(),
    "string": pa.string(),
    "longs": pa.list_(pa.int64()),
}


class RawRowsModel(PythonModel):
    """Applies the fitted transform to raw rows, then the model."""

    def load_context(self, context: Any) -> None:
        """Load what the model consists of.

        Args:
            context: MLflow's context, with the artifacts `meta` (`meta.json`),
                `transform` (a folder), `model` and `outputs` (the files of a model).
        """
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        self._meta = read_meta(Path(context.artifacts["meta"]).parent)
        transform = import_module(f"pedigree.data.transforms.{self._meta.kind}")
        self._transform = transform.load(Path(context.artifacts["transform"]))
        self._predictor = load_predictor(Path(context.artifacts["model"]))
        self._kind = read_output_kind(Path(context.artifacts["outputs"]).parent)

    def predict(
        self,
        context: Any,
        # One of the few type hints that MLflow knows; images come as an array.
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame | npt.NDArray[np.float32]:
        """Predict classes or numbers, give back the input, or go on with a text.

        Args:
            context: MLflow's context; not used.
            model_input: A DataFrame with the columns of the source, where those that
                had missing values may be missing; or uint8 images of shape
                (rows, height, width, channels).
            params: Not used.

        Returns:
            One row per row: `label`, and `probability_<class>` for each class; or
            `prediction`; or `continuation`; or an array of the input's shape, scaled.

        Raises:
            RefusedError: If a column or a value cannot be used.
        """
        del context, params
        table = _raw_table(self._meta, model_input)
        if self._kind == "tokens":
            texts = self._transform.clean(table)
            added = continue_texts(self._predictor, texts, self._meta)
            return pd.DataFrame({"continuation": added})
        outputs = self._predictor(self._transform.apply(table))
        if self._kind == "input":
            return outputs
        if self._kind == "number":
            return pd.DataFrame({"prediction": outputs.reshape(len(outputs))})
        return _classified(outputs, self._meta.classes or ())


def _classified(
    outputs: npt.NDArray[np.float32], classes: tuple[str, ...]
) -> pd.DataFrame:
    probabilities = probabilities_of(outputs)
    columns = {
        f"probability_{name}": probabilities[:, index]
        for index, name in enumerate(classes)
    }
    labels = [classes[index] for index in probabilities.argmax(axis=1)]
    return pd.DataFrame({"label": labels, **columns})


def _raw_table(meta: Meta, rows: Any) -> pa.Table:
    """Turn what has passed the signature into a table as ingest writes it."""
    if meta.kind == "image":
        return table_of_images(rows, np.zeros(len(rows), dtype=np.int64))
    nothing = pd.Series([None] * len(rows), dtype=object)
    return pa.table(
        {
            column.name: _raw_column(column, rows.get(column.name, nothing))
            for column in meta.columns
        }
    )


def _raw_column(column: Column, values: "pd.Series[Any]") -> pa.Array:
    missing = values.isna()
    if missing.any() and not column.nullable:
        row = int(missing.to_numpy().argmax())
        raise RefusedError(
            f"the column {column.name} must have a value in each row. "
            f"Received: none in row {row}",
            "Fill the value in: the training data never missed it.",
        )
    try:
        return pa.Array.from_pandas(values, type=_ARROW_TYPES[column.type])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise RefusedError(
            f"the column {column.name} must hold values of type {column.type}. "
            f"Received: {error}",
            "Correct the value.",
        ) from error


set_model(RawRowsModel())
