"""A registered model, for MLflow: from raw rows to labels and probabilities.

MLflow runs this file when it saves and when it loads a model ("models from code"), so
that nothing is pickled; it is no module to import.
"""

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.models import utils as mlflow_utils
from mlflow.pyfunc.model import PythonModel
from mlflow.types import DataType

from pedigree.errors import PedigreeError
from pedigree.models.raw_rows import Answers, load_raw_rows_model
from pedigree.tracking.harmless import faults

# The largest whole number up to which a double has every one.
_EXACT = 2**53


class ServedModel(PythonModel):
    """Answers to raw rows that have passed the signature."""

    def load_context(self, context: Any) -> None:
        """Load what the model consists of.

        Args:
            context: MLflow's context, whose artifacts lie in one folder.

        Raises:
            MlflowException: If something could run as it is loaded.
        """
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        artifacts = Path(context.artifacts["meta"]).parent
        fault = next(faults(artifacts.parent), None)
        if fault:
            raise MlflowException.invalid_parameter_value(
                f"a model must hold nothing that could run. Received: {fault}"
            )
        self._model = load_raw_rows_model(artifacts)
        _accept_what_pandas_reads()

    def predict(
        self,
        context: Any,
        # One of the few type hints that MLflow knows; images come as an array.
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,
    ) -> Answers:
        """Predict classes or numbers, or give back the input.

        Args:
            context: MLflow's context; not used.
            model_input: A DataFrame with the columns of the source, where those that
                had missing values may be missing; or uint8 images of shape
                (rows, height, width, channels).
            params: Not used.

        Returns:
            What `RawRowsModel.answer` returns.

        Raises:
            MlflowException: If a column or a value cannot be used. A server passes on
                the words of this error and of no other.
        """
        del context, params
        try:
            return self._model.answer(self._model.from_pandas(model_input))
        except PedigreeError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error


def _accept_what_pandas_reads() -> None:
    """Let MLflow's signature take what pandas makes of a few rows of a CSV.

    In those all numbers of a column may be whole, or all of its values missing; pandas
    then says int64, or object, and MLflow refuses that for a double or a text. It asks
    nobody before it enforces a signature, so the function that refuses is wrapped.
    """
    enforce = mlflow_utils._enforce_mlflow_datatype
    if hasattr(enforce, "__wrapped__"):
        return

    @functools.wraps(enforce)
    def accept(name: str, values: "pd.Series[Any]", kind: DataType) -> Any:
        if kind == DataType.double and values.isna().all():
            return pd.Series(np.nan, values.index, np.float64)
        if kind == DataType.string and values.isna().all():
            return pd.Series(None, values.index, object)
        whole = isinstance(values.dtype, np.dtype) and values.dtype.kind in "iu"
        if kind == DataType.double and whole and (abs(values) <= _EXACT).all():
            return values.astype(np.float64)
        return enforce(name, values, kind)

    mlflow_utils._enforce_mlflow_datatype = accept  # type: ignore[assignment]


set_model(ServedModel())
