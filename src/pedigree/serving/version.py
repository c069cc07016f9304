"""A registered model version, ready to answer to raw rows."""

import os
from dataclasses import dataclass
from pathlib import Path

from pedigree.data.prepared import Meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.lineage.ancestry import (
    Ancestry,
    Execution,
    find_version,
    read_ancestry,
)
from pedigree.lineage.artifact import download
from pedigree.lineage.records import Records, VersionRecord
from pedigree.models.predictor import LIBRARIES, model_file
from pedigree.models.raw_rows import RawRowsModel, load_raw_rows_model
from pedigree.params.datasets import Table
from pedigree.params.features import Label
from pedigree.params.file import PARAMS_FILE
from pedigree.sections import parse
from pedigree.serving.native_messages import without_native_messages
from pedigree.tracking.harmless import faults
from pedigree.tracking.manifest import differences
from pedigree.tracking.registry import CODE_TAG, serving_code


@dataclass(frozen=True)
class ServedVersion:
    """A loaded version, and how the data that it was trained on were written.

    Attributes:
        record: The version.
        ancestry: What it descends from.
        model: What answers to raw rows.
        dataset: The name of its dataset.
        table: The section of params.yaml by which the dataset was read.
        own_code: Whether it was registered with the code that answers here; that of
            `mlflow models serve` is always its own.
    """

    record: VersionRecord
    ancestry: Ancestry
    model: RawRowsModel
    dataset: str
    table: Table
    own_code: bool

    @property
    def meta(self) -> Meta:
        """What its rows and classes are."""
        return self.model.meta


def load_version(records: Records, model_uri: str) -> ServedVersion:
    """Load a version, by the code of this checkout and without MLflow.

    Args:
        records: The open store.
        model_uri: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Raises:
        WrongUseError: If there is no such version, its files are not there, or its
            lineage does not reach its dataset.
        RefusedError: If its files are not as they were registered.
    """
    record = find_version(records, model_uri)
    # By its number: an alias may be moved meanwhile.
    ancestry = read_ancestry(records, f"models:/{record.name}/{record.version}")
    dataset, table = read_source(ancestry)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with download(ancestry) as folder:
        _require_own(ancestry, folder)
        with without_native_messages():
            model = load_raw_rows_model(folder / "artifacts")
        library = LIBRARIES[model_file(folder / "artifacts").suffix]
    code = serving_code(model.meta.kind, library)
    own_code = record.tags.get(CODE_TAG) == code
    return ServedVersion(record, ancestry, model, dataset, table, own_code)


def _require_own(ancestry: Ancestry, folder: Path) -> None:
    """Refuse files that are not as they were registered, before they are loaded."""
    found = [*differences(folder, ancestry.manifest or ""), *faults(folder)]
    if found:
        raise RefusedError(
            f"the files of {ancestry.uri} must be as they were registered. Received: "
            f"{found[0]}",
            f"`pedigree verify {ancestry.uri}` tells what differs.",
        )


def read_source(ancestry: Ancestry) -> tuple[str, Table]:
    """Look up the dataset of a version, and how its files were read.

    Raises:
        WrongUseError: If no run tells.
    """
    ingest = find_stage(ancestry, "ingest")
    key = f"datasets.{ingest.address.partition('@')[2]}.table"
    section = ingest.parameters[str(PARAMS_FILE)][key]
    table: Table = parse(Table, section, PARAMS_FILE, tuple(key.split(".")))  # type: ignore[arg-type]
    return key.split(".")[1], table


def read_label(ancestry: Ancestry) -> Label | None:
    """Look up which values of the label mean which class; None if there are none.

    Raises:
        WrongUseError: If no run tells.
    """
    preprocess = find_stage(ancestry, "preprocess")
    features = preprocess.address.partition("@")[2]
    key = f"features.{features}.transform"
    label = preprocess.parameters[str(PARAMS_FILE)][key].get("label")
    return None if label is None else parse(Label, label, PARAMS_FILE, (key, "label"))


def find_stage(ancestry: Ancestry, stage: str) -> Execution:
    """Find the execution of a stage among those that a version descends from.

    Raises:
        WrongUseError: If there is none.
    """
    for execution in ancestry.executions:
        if execution.address.startswith(f"{stage}@"):
            return execution
    raise WrongUseError(
        f"the lineage of {ancestry.uri} must reach its dataset. Received: no run of "
        f"{stage}",
        "`pedigree sync` makes the runs of what came from a cache.",
    )
