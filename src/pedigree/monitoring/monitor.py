"""New data beside a model version: what was found, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pedigree.errors import WrongUseError
from pedigree.monitoring.columns import compared_columns, describe_rows
from pedigree.monitoring.drift import Comparison, compare, drifted_columns
from pedigree.monitoring.expectations import Expectations, check_expectations
from pedigree.monitoring.new_data import NewData, read_new_data
from pedigree.monitoring.performance import (
    ROWS_AT_LEAST,
    Performance,
    measure_performance,
    require_metric,
)
from pedigree.monitoring.training_data import read_training_rows
from pedigree.params.monitoring import DriftThreshold, Monitoring
from pedigree.serving.version import ServedVersion, find_stage, read_label

# What is called drift where nothing is declared.
USUAL = DriftThreshold(false_discovery_rate=0.01, psi=0.1, columns=0)


@dataclass(frozen=True)
class Observation:
    """What was found in new data.

    Attributes:
        version: The model.
        data: The new data.
        training_rows: How many rows the model was trained on.
        comparisons: Per column, the farthest moved first.
        drifted: The columns that have drifted.
        expectations: What the suite says.
        performance: How well the model answers, where labels tell.
        thresholds: What is declared for the model, if anything is.
        reasons: Why the model has to be trained again; empty if it has not.
    """

    version: ServedVersion
    data: NewData
    training_rows: int
    comparisons: tuple[Comparison, ...]
    drifted: tuple[str, ...]
    expectations: Expectations
    performance: Performance | None
    thresholds: Monitoring | None
    reasons: tuple[str, ...]

    @property
    def drift(self) -> DriftThreshold:
        """What is called drift: as declared, or else as is usual."""
        return self.thresholds.drift if self.thresholds else USUAL

    @property
    def undecided(self) -> str | None:
        """Why the threshold on a figure does not count, if that is so."""
        declared = self.thresholds and self.thresholds.performance
        if not declared or not self.performance:
            return None
        figure = self.performance.figures.get(declared.metric)
        if figure is None:
            return f"{declared.metric} is undefined for these rows"
        if figure.counts:
            return None
        return (
            f"a threshold on {declared.metric} counts from {ROWS_AT_LEAST} rows on, "
            f"and it is of {figure.rows}"
        )


def observe(
    version: ServedVersion,
    path: Path,
    labels: str | None,
    thresholds: Monitoring | None,
    tested: Mapping[str, float],
) -> Observation:
    """Compare a file of new rows with the training data of a model version.

    Args:
        version: The model.
        path: The file.
        labels: Its column that tells what was to be predicted, if there is one.
        thresholds: What says that the model has to be trained again.
        tested: The figures of the version: `test.accuracy` and the like.

    Raises:
        WrongUseError: If something is missing or malformed, texts are gone on with, or
            the threshold is about a figure that there is not.
        RefusedError: If a value has another type than its column.
    """
    if version.model.kind == "tokens":
        raise WrongUseError(
            "a model to monitor must answer to rows, images or series. Received: "
            f"{version.ancestry.uri}, which goes on with texts",
            "`pedigree predict` answers.",
        )
    metric = None
    if thresholds and thresholds.performance:
        metric = thresholds.performance.metric
        require_metric(version, metric, tested)
    training = read_training_rows(version.ancestry)
    data = read_new_data(version, path, labels, training)
    comparisons = compare(
        describe_rows(training),
        describe_rows(data.table),
        compared_columns(version, data.labelled),
    )
    expectations = check_expectations(
        _suite(version),
        version.dataset,
        data.table,
        None if data.labelled else version.meta.target,
    )
    performance = None
    if data.labelled:
        performance = measure_performance(
            version, data.table, tested, read_label(version.ancestry), metric
        )
    drift = thresholds.drift if thresholds else USUAL
    drifted = drifted_columns(comparisons, drift)
    reasons = judge(thresholds, drifted, expectations, performance)
    return Observation(
        version,
        data,
        training.num_rows,
        comparisons,
        drifted,
        expectations,
        performance,
        thresholds,
        reasons,
    )


def say_drifted(columns: int) -> str:
    """Say how many columns have drifted."""
    return "1 column has drifted" if columns == 1 else f"{columns} columns have drifted"


def judge(
    thresholds: Monitoring | None,
    drifted: tuple[str, ...],
    expectations: Expectations,
    performance: Performance | None,
) -> tuple[str, ...]:
    """Say which declared thresholds were crossed.

    Args:
        thresholds: What is declared, if anything is.
        drifted: The columns that have drifted.
        expectations: What the suite says.
        performance: How well the model answers, where labels tell.
    """
    if thresholds is None:
        return ()
    reasons = []
    if len(drifted) > thresholds.drift.columns:
        reasons.append(
            f"{say_drifted(len(drifted))} ({', '.join(drifted)}), "
            f"{thresholds.drift.columns} may"
        )
    allowed = thresholds.expectations
    if allowed is not None and expectations.critical > allowed:
        reasons.append(
            f"critical expectations not met: {expectations.critical}, {allowed} may be"
        )
    declared = thresholds.performance
    if declared and performance:
        figure = performance.figures.get(declared.metric)
        if figure and figure.is_worse(declared.metric, declared.worse_by):
            reasons.append(
                f"{declared.metric} is {figure.value:.4f} ({figure.low:.4f} to "
                f"{figure.high:.4f}), {figure.tested:.4f} when it was tested, and may "
                f"be worse by {declared.worse_by}"
            )
    return tuple(reasons)


def _suite(version: ServedVersion) -> str:
    """Name the suite that the data of a version were validated by."""
    return find_stage(version.ancestry, "validate").command.split()[-1]
