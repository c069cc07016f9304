"""Running a suite by Great Expectations, and the verdict that comes of it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pedigree.data.derived import with_derived
from pedigree.data.statistics import frames_to_check
from pedigree.data.suite import (
    Rule,
    Suite,
    expectation_class,
    great_expectations_library,
)
from pedigree.data.verdict import Verdict

# What a result holds besides counts: our name, and the library's.
_FINDINGS = {"observed": "observed_value", "absent": "partial_missing_list"}


def run_suite(suite: Suite, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Run the rules of a suite on the splits they are about.

    Args:
        suite: A suite from `load_suite`.
        frames: The frame of each split, from `frames_to_check` and `with_derived`.

    Returns:
        The `ExpectationSuiteValidationResult` of each split, as plain data.
    """
    gx = great_expectations_library()
    context = _silent_context()
    asset = context.data_sources.add_pandas("raw").add_dataframe_asset(suite.name)
    results = {}
    for split, frame in frames.items():
        expectations = [
            expectation_class(rule.expectation)(
                **rule.arguments,
                severity=rule.severity,
                # The library may reorder results: the number finds the rule again.
                meta={"rule": number},
            )
            for number, rule in enumerate(suite.rules_of(split))
        ]
        definition = asset.add_batch_definition_whole_dataframe(split)
        # Not by a `ValidationDefinition`: its store fails on the result of quantiles.
        literal = _with_literal_names(frame)
        result = definition.get_batch({"dataframe": literal}).validate(
            gx.ExpectationSuite(
                name=f"{suite.name} / {split}", expectations=expectations
            ),
            result_format="SUMMARY",
        )
        results[split] = _plain(result.to_json_dict())
    return results


def make_verdict(
    dataset: str,
    suite: Suite,
    frames: Mapping[str, pd.DataFrame],
    results: Mapping[str, Any],
) -> Verdict:
    """Put the results of `run_suite` into a verdict.

    Args:
        dataset: The name of the dataset.
        suite: The suite that was run.
        frames: The frames it was run on.
        results: What `run_suite` returned.
    """
    found = []
    for split, result in results.items():
        rules = suite.rules_of(split)
        outcomes = {
            one["expectation_config"]["meta"]["rule"]: one for one in result["results"]
        }
        found += [
            (rule, split, _outcome(outcomes[number], rule, frames[split]))
            for number, rule in enumerate(rules)
        ]
    for rule in suite.rules:
        if rule.split is not None and rule.split not in frames:
            missing = f"the dataset has no split {rule.split!r}"
            found.append((rule, rule.split, {"success": False, "error": missing}))
    found.sort(key=lambda item: (item[1], item[0].identity))
    return {
        "dataset": dataset,
        "suite": suite.name,
        "success": all(
            outcome["success"]
            for rule, _, outcome in found
            if rule.severity == "critical"
        ),
        "rows": {split: len(frame) for split, frame in frames.items()},
        "results": [
            {
                "expectation": rule.expectation,
                "arguments": dict(rule.arguments),
                "severity": rule.severity,
                "reason": rule.reason,
                "split": split,
                **outcome,
            }
            for rule, split, outcome in found
        ],
    }


def validate_tables(
    dataset: str, suite: Suite, splits: Mapping[str, pa.Table]
) -> Verdict:
    """Check raw tables against a suite, without reading or writing anything.

    Args:
        dataset: The name of the dataset.
        suite: A suite from `load_suite`.
        splits: The raw table of each published split.
    """
    frames = with_derived(frames_to_check(splits), suite.derived)
    return make_verdict(dataset, suite, frames, run_suite(suite, frames))


class _LiteralName(str):
    """A name that the library compares to the letter.

    It takes a column for another whose name differs in case, even if both are there.
    Of names that are no plain `str` it finds the very same alone.
    """


def _with_literal_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Rename the columns so that a rule finds its own or none; no values are copied."""
    names = pd.Index([_LiteralName(name) for name in frame], dtype=object)
    return frame.set_axis(names, axis="columns")


def _silent_context() -> Any:
    """Make a context that keeps everything in memory and prints nothing."""
    gx = great_expectations_library()
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )


def _outcome(
    result: Mapping[str, Any], rule: Rule, frame: pd.DataFrame
) -> dict[str, Any]:
    """Take from one result what is the same each time the same data is checked."""
    details = result["result"]
    outcome: dict[str, Any] = {"success": result["success"]}
    for name in ("element_count", "missing_count", "unexpected_count"):
        if name in details:
            outcome[name] = details[name]
    for name, source in _FINDINGS.items():
        finding = details.get(source)
        if finding not in (None, []):
            outcome[name] = finding
    partition = (details.get("details") or {}).get("observed_partition")
    if partition:
        outcome["observed_partition"] = partition
    unexpected = _unexpected(details)
    if unexpected:
        outcome["unexpected"] = unexpected
    error = _error_of(result.get("exception_info") or {})
    lost = [name for name in rule.columns if name not in frame.columns]
    if lost and (error or not details):
        # The library's own words for it depend on the expectation.
        outcome["error"] = f"there is no column {', '.join(lost)}"
    elif error:
        outcome["error"] = error
    return outcome


def _unexpected(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List up to 20 unexpected values, by row where they have one."""
    values = details.get("partial_unexpected_list") or []
    rows = details.get("partial_unexpected_index_list")
    if not rows:
        return [{"value": value} for value in sorted(values, key=repr)]
    return [
        {"row": row, "value": value}
        for row, value in sorted(zip(rows, values, strict=True), key=lambda one: one[0])
    ]


def _plain(value: Any) -> Any:
    """Turn NumPy's values into Python's, and numbers that JSON lacks into None."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _error_of(information: Mapping[str, Any]) -> str | None:
    """Find why an expectation could not be evaluated, if it could not be."""
    reports = (
        [information] if "raised_exception" in information else information.values()
    )
    messages = {
        " ".join(str(report["exception_message"]).split())
        for report in reports
        if report["raised_exception"]
    }
    return min(messages) if messages else None
