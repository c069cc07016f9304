"""What is known of a version: its ancestry, its files, its answers to the test rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pedigree.archives.hashing import hash_of_file
from pedigree.data.raw import read_splits
from pedigree.errors import RefusedError, WrongUseError
from pedigree.lineage.ancestry import Ancestry, Execution
from pedigree.lineage.storage import Storage
from pedigree.promotion.answers import Archive
from pedigree.promotion.predictions import Predictions, read_predictions

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Version:
    """A model version, and what can be found out about it.

    Args:
        client: The open store.
        ancestry: The ancestry of the version.
        folder: The files of its logged model.
    """

    def __init__(
        self, client: "MlflowClient", ancestry: Ancestry, folder: Path
    ) -> None:
        self._client = client
        self.ancestry = ancestry
        self.folder = folder

    @property
    def uri(self) -> str:
        """The version in the form that MLflow takes."""
        return self.ancestry.uri

    @cached_property
    def archive(self) -> Archive:
        """Its model and transform, loaded."""
        return Archive(self.folder)

    @cached_property
    def raw(self) -> tuple[str, str]:
        """Path and hash of the raw data that it was made from."""
        preprocess = self._ancestor("preprocess")
        for item in preprocess.data.items():
            if item[0].startswith("data/raw/"):
                return item
        raise WrongUseError(
            f"{preprocess.address} must have read raw data. Received: none",
            "Correct dvc.yaml.",
        )

    @cached_property
    def predictions(self) -> Predictions | None:
        """Its answers to its own test rows as evaluate stored them, if it did.

        Only bytes with the hash that the run of the evaluation recorded count.
        """
        (prepared,) = (
            item
            for item in self.ancestry.training.data.items()
            if item[0].startswith("data/prepared/")
        )
        for run in self._evaluations(prepared):
            found = self._read(run)
            if found is not None:
                return found
        return None

    def verdict(self) -> dict[str, Any] | None:
        """The verdict on its data as validate stored it, if it did."""
        validate = self._ancestor("validate")
        ((path, value),) = validate.outputs.items()
        content = self._download(validate.run_id, Path(path).name)
        if content is None or hash_of_file(content.read_bytes()) != value:
            return None
        verdict: dict[str, Any] = json.loads(content.read_text("utf-8"))
        return verdict

    def answer(self, of: Predictions, table: pa.Table) -> Predictions:
        """Answer the test rows of another version.

        Args:
            of: Its answers, with what is true.
            table: Those raw rows.

        Raises:
            RefusedError: If the two do not predict the same.
        """
        classes = self.archive.meta.classes
        if set(classes or ()) != set(of.classes or ()):
            raise RefusedError(
                f"{self.uri} must predict what the candidate does, "
                f"{', '.join(of.classes or ('no classes',))}. Received: "
                f"{', '.join(classes or ('no classes',))}",
                "Register the candidate as another model.",
            )
        try:
            outputs = self.archive.answer(table)
        except RefusedError:
            raise
        except Exception as error:  # whatever its transform makes of other columns
            cause = " ".join(str(error).split())
            raise RefusedError(
                f"{self.uri} must answer the candidate's test rows. Received: {cause}",
                "Register the candidate as another model.",
            ) from error
        if classes is None or of.classes is None:
            return Predictions(of.rows, of.actual, outputs, None)
        order = [classes.index(name) for name in of.classes]
        return Predictions(of.rows, of.actual, outputs[:, order], of.classes)

    def _ancestor(self, stage: str) -> Execution:
        for each in self.ancestry.executions:
            if each.address.startswith(f"{stage}@"):
                return each
        raise RefusedError(
            f"{self.uri} must descend from a run of {stage}. Received: none",
            "`pedigree sync` makes the runs of what came from a cache.",
        )

    def _evaluations(self, prepared: tuple[str, str]) -> Any:
        """Find runs that evaluated this model on the rows it was prepared with."""
        experiment = Path(self.ancestry.model_path).name
        experiments = [each.experiment_id for each in self._client.search_experiments()]
        return self._client.search_runs(
            experiments,
            f"tags.`dvc.stage` = 'evaluate@{experiment}' "
            f"and tags.`dvc.dep.{self.ancestry.model_path}` = "
            f"'{self.ancestry.model_hash}' "
            f"and tags.`dvc.dep.{prepared[0]}` = '{prepared[1]}' "
            "and attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
        )

    def _read(self, run: Any) -> Predictions | None:
        for tag, value in run.data.tags.items():
            if tag.startswith("dvc.out.") and tag.endswith("/predictions.parquet"):
                path = self._download(run.info.run_id, "predictions.parquet")
                if path and hash_of_file(path.read_bytes()) == value:
                    return read_predictions(path)
        return None

    def _download(self, run_id: str, name: str) -> Path | None:
        from mlflow.exceptions import MlflowException

        try:
            return Path(self._client.download_artifacts(run_id, name))
        except (MlflowException, OSError):
            return None


@contextmanager
def raw_rows(path: str, value: str) -> Iterator[pa.Table]:
    """Open raw data of a certain content: of the workspace, or of DVC's cache.

    Args:
        path: `data/raw/<dataset>`.
        value: The hash that it must have; it is hashed anew.

    Yields:
        All rows, in the order in which they are numbered.

    Raises:
        RefusedError: If this machine does not have them.
    """
    from dvc.repo import Repo

    with Repo() as repo, TemporaryDirectory(prefix="pedigree-promote-") as folder:
        storage = Storage(repo)
        place = Path(path)
        if storage.fault_in_workspace(path, value) is not None:
            if not storage.is_cached(value) or storage.fault_in_cache(path, value):
                raise RefusedError(
                    f"{path} must be here as the model knew it. Received: neither the "
                    f"workspace nor DVC's cache holds {value}",
                    "`dvc pull` brings it where a remote has it.",
                )
            place = Path(folder)
            storage.copy_from_cache(value, place)
        yield pa.concat_tables(read_splits(place).values())
