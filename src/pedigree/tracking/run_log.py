"""Writing to one MLflow run, running or finished: parameters, metrics, files, tags."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pedigree.tracking.secrets import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

# The limits of MLflow's store; dvc.lock holds every value in full.
PARAMETER_LENGTH = 6000
TAG_LENGTH = 8000
NAME_LENGTH = 250
BATCH_LENGTH = 1000


class RunLog:
    """One run of the store.

    Writing to a finished run changes neither its status nor its end.

    Args:
        client: The open store.
        run_id: The run.
    """

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        self.client = client
        self.run_id = run_id

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log nested parameters as dotted leaves; a list is one leaf, as JSON.

        Args:
            parameters: The parameters. MLflow takes a name again only with the value
                that it has.
        """
        from mlflow.entities import Param

        params = [
            Param(entity_name(name), shorten(redact(_text(value)), PARAMETER_LENGTH))
            for name, value in dotted_leaves(parameters)
        ]
        self.client.log_batch(self.run_id, params=params)

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log metrics in one batch.

        Args:
            metrics: The values, by name.
            step: The epoch, or 0.
        """
        self.commit_metrics(metrics_of(metrics, step))

    def commit_metrics(self, metrics: "list[Metric]") -> None:
        """Write metrics to the store, in as few batches as it takes."""
        for start in range(0, len(metrics), BATCH_LENGTH):
            batch = metrics[start : start + BATCH_LENGTH]
            self.client.log_batch(self.run_id, metrics=batch)

    def log_artifact(self, path: Path | str, folder: str = "") -> None:
        """Log a file, or a folder with what is in it.

        Args:
            path: The file or folder.
            folder: Where to put it among the artifacts of the run.
        """
        self.client.log_artifact(self.run_id, str(path), folder or None)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags in one batch, secrets hidden."""
        from mlflow.entities import RunTag

        batch = [
            RunTag(name, shorten(redact(value), TAG_LENGTH))
            for name, value in tags.items()
        ]
        self.client.log_batch(self.run_id, tags=batch)

    @contextmanager
    def until_its_end(self) -> Iterator[Self]:
        """End the run as a block ends: if the block fails, so has the run."""
        try:
            yield self
        except BaseException:
            self.client.set_terminated(self.run_id, "FAILED")
            raise
        self.client.set_terminated(self.run_id, "FINISHED")


def metrics_of(metrics: Mapping[str, float], step: int) -> "list[Metric]":
    """Make MLflow's metrics of values by name, measured now."""
    from mlflow.entities import Metric

    now = time.time_ns() // 1_000_000
    return [
        Metric(entity_name(name), float(value), now, step)
        for name, value in metrics.items()
    ]


def dotted_leaves(
    parameters: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the value of each leaf of nested mappings."""
    for name, value in parameters.items():
        if isinstance(value, Mapping) and value:
            yield from dotted_leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def entity_name(name: str) -> str:
    """Replace the characters that MLflow refuses in names of metrics and parameters."""
    return re.sub(r"^\.|[^\w.\- :]", "_", name)[:NAME_LENGTH]


def shorten(text: str, length: int) -> str:
    """Cut a text to a length, and mark the cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
