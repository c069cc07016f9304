"""What was found in new data, as a run of MLflow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pedigree.data.description import describe
from pedigree.monitoring.monitor import Observation
from pedigree.monitoring.page import render_page
from pedigree.serving.version import ServedVersion
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.store import experiment_id, open_client

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

PAGE = "monitoring.html"
FINDINGS = "monitoring.json"

# The tag of the run that says which version was looked at.
VERSION_TAG = "pedigree.monitored"
VERDICT_TAG = "pedigree.monitoring"


def figures_of(version: ServedVersion) -> dict[str, float]:
    """Read the figures that a version had when it was tested."""
    run = open_client().get_run(version.record.run_id)
    return dict(run.data.metrics)


@contextmanager
def monitoring_run(version: ServedVersion) -> Iterator[RunLog]:
    """Open a run in the experiment of the study that a version belongs to.

    If the block fails, so has the run.

    Args:
        version: The model.
    """
    client = open_client()
    uri = version.ancestry.uri
    study = version.record.tags["pedigree.study"]
    created = client.create_run(
        experiment_id(client, study),
        run_name=f"monitor {uri.removeprefix('models:/')}",
        tags={
            VERSION_TAG: uri,
            "mlflow.source.name": f"pedigree monitor {uri}",
            "mlflow.source.type": "LOCAL",
        },
    )
    with RunLog(client, created.info.run_id).until_its_end() as run:
        yield run


def log_observation(run: RunLog, seen: Observation) -> None:
    """Log what was found: figures, the page, and the findings for machines.

    Args:
        run: The run.
        seen: What was found.
    """
    verdict = "retrain" if seen.reasons else "kept"
    run.set_tags(
        {
            VERDICT_TAG: verdict if seen.thresholds else "no thresholds",
            "pedigree.new_data.sha256": seen.data.sha256,
        }
    )
    metrics = {
        "new.rows": float(seen.data.table.num_rows),
        "drift.columns": float(len(seen.drifted)),
        "expectations.critical_not_met": float(seen.expectations.critical),
    }
    for each in seen.comparisons:
        about = ".missing" if each.about == "missing values" else ""
        metrics[f"drift.psi.{each.column}{about}"] = each.psi
    if seen.performance:
        for name, figure in seen.performance.figures.items():
            metrics[f"new.{name}"] = figure.value
    run.log_metrics(metrics)
    run.client.log_inputs(run.run_id, [_input(seen)])
    run.client.log_text(run.run_id, render_page(seen), PAGE)
    run.client.log_text(run.run_id, json.dumps(findings(seen), indent=2), FINDINGS)


def findings(seen: Observation) -> dict[str, object]:
    """Put what was found into plain data."""
    performance = seen.performance
    return {
        "version": seen.version.ancestry.uri,
        "data": {"name": seen.data.name, "sha256": seen.data.sha256},
        "rows": seen.data.table.num_rows,
        "training_rows": seen.training_rows,
        "retrain": bool(seen.reasons),
        "reasons": list(seen.reasons),
        "undecided": seen.undecided,
        "drifted": list(seen.drifted),
        "columns": [
            {
                "column": each.column,
                "about": each.about,
                "test": each.test,
                "statistic": each.statistic,
                "p_value": each.p_value,
                "adjusted": each.adjusted,
                "psi": each.psi,
            }
            for each in seen.comparisons
        ],
        "expectations": {
            "suite": seen.expectations.suite,
            "checked": seen.expectations.checked,
            "not_met": [
                {
                    "severity": each["severity"],
                    "about": describe(each).about,
                    "expected": describe(each).expected,
                }
                for each in seen.expectations.failed
            ],
        },
        "figures": {
            name: figure._asdict() for name, figure in performance.figures.items()
        }
        if performance
        else None,
    }


def _input(seen: Observation) -> "DatasetInput":
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=seen.data.name,
        digest=seen.data.sha256[:36],
        source_type="local",
        source=json.dumps({"uri": seen.data.name}),
        profile=json.dumps({"rows": seen.data.table.num_rows}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "monitoring")])
