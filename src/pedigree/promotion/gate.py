"""The gate: what a version has to show before it becomes the champion."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pedigree.data.raw import take_rows
from pedigree.data.verdict import not_met
from pedigree.errors import RefusedError, WrongUseError
from pedigree.lineage.ancestry import Ancestry, read_ancestry
from pedigree.lineage.artifact import download
from pedigree.lineage.records import open_records
from pedigree.lineage.verify import check_artifact, verify
from pedigree.params.promotion import Promotion
from pedigree.promotion.evidence import Version, raw_rows
from pedigree.promotion.predictions import Predictions
from pedigree.promotion.rules import Findings, judge_quality
from pedigree.tracking.harmless import faults

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Test rows that the archive answers again, beside what is stored.
ROWS_ASKED = 256
# How far two probabilities, or two numbers of size 1, may be apart.
TOLERANCE = 1e-3


def examine(
    client: "MlflowClient",
    gate: Promotion,
    candidate_uri: str,
    champion_uri: str | None,
    findings: Findings,
) -> None:
    """Look at a candidate, rule by rule.

    A version whose lineage or files are not in order is not loaded, let alone asked.

    Args:
        client: The open store.
        gate: What is asked for.
        candidate_uri: The version.
        champion_uri: The present champion; None if there is none.
        findings: What is found is added here, as far as it gets.

    Raises:
        WrongUseError: If the gate asks for what the models do not have.
        RefusedError: If the candidate cannot be compared with the champion.
    """
    with ExitStack() as stack:
        candidate = open_version(client, candidate_uri, findings, stack)
        if candidate is None or not _judge_lineage(gate, candidate, findings):
            return
        _judge_expectations(gate, candidate, findings)
        predictions = candidate.predictions
        found, known = _held_out(candidate, predictions)
        findings.add("predictions of test rows", "stored", found, known)
        if predictions is None or not known:
            return
        table = take_rows(
            stack.enter_context(raw_rows(*candidate.raw)), predictions.rows
        )
        _judge_archive(gate, candidate, predictions, table, findings)
        champion = None
        if champion_uri is not None:
            champion, how = _answers_of(
                client, champion_uri, candidate, predictions, table, stack
            )
            findings.figures["champion_predictions"] = how
        findings.figures["test_data"] = predictions.digest(candidate.raw[1])
        quality = judge_quality(gate, predictions, champion)
        findings.rules += quality.rules
        findings.figures |= quality.figures


def open_version(
    client: "MlflowClient", uri: str, findings: Findings, stack: ExitStack
) -> Version | None:
    """Open a version if it is whole: its steps recorded, its files as registered.

    Args:
        client: The open store.
        uri: The version.
        findings: The rules on lineage and files are added here.
        stack: Closes what is opened.

    Returns:
        The version; None if it is not whole. Nothing of it has been loaded.
    """
    try:
        ancestry = read_ancestry(open_records(), uri)
        folder = stack.enter_context(download(ancestry))
    except WrongUseError as error:
        findings.add("lineage", "recorded", error.rule, False)
        return None
    complete = findings.add(
        "lineage", "down to the source bytes", *_completeness(ancestry)
    )
    found = _fault_of_files(ancestry, folder)
    whole = findings.add("files", "as registered", found or "as registered", not found)
    found = next(faults(folder), None)
    harmless = findings.add(
        "contents", "without code to run", found or "without", not found
    )
    return (
        Version(client, ancestry, folder) if complete and whole and harmless else None
    )


def _fault_of_files(ancestry: Ancestry, folder: Path) -> str | None:
    try:
        return next((check.fault for check in check_artifact(ancestry, folder)), None)
    except (OSError, ValueError) as error:  # a file that it looks into is none
        return " ".join(str(error).split())


def _held_out(candidate: Version, predictions: Predictions | None) -> tuple[str, bool]:
    """Tell whether there are predictions of rows that the model did not learn."""
    archive = candidate.archive
    if predictions is None:
        return "none stored", False
    if "test" not in archive.meta.rows:
        return "of another split", False
    if "test" in archive.outputs.trained_on:
        return "of rows that it was trained on", False
    return f"{len(predictions.rows)} rows", True


def _completeness(ancestry: Ancestry) -> tuple[str, bool]:
    if ancestry.gaps:
        return f"no run that made {', '.join(ancestry.gaps)}", False
    made = ancestry.training.outputs.get(ancestry.model_path)
    if made != ancestry.model_hash:
        return f"another model than {ancestry.training.address} made", False
    sources = sum(len(ancestry.sources(each)) for each in ancestry.executions)
    said = f"{len(ancestry.executions)} steps, {sources} source files"
    return said, sources > 0


def _judge_lineage(gate: Promotion, candidate: Version, findings: Findings) -> bool:
    """Hash anew all that the candidate comes from, where the gate asks for it."""
    if gate.lineage == "complete":
        return True
    checks = [*verify(candidate.ancestry, candidate.folder)]
    found = next((check.fault for check in checks if check.fault), None)
    said = found or f"{len(checks)} items as recorded"
    return findings.add("bytes", "as recorded", said, not found)


def _judge_expectations(
    gate: Promotion, candidate: Version, findings: Findings
) -> None:
    verdict = candidate.verdict()
    required = f"{gate.expectations} met"
    if gate.expectations == "critical":
        required = "critical ones met"
    if verdict is None:
        findings.add("expectations", required, "no verdict stored", False)
        return
    failed = [
        one
        for one in not_met(verdict)
        if gate.expectations == "all" or one["severity"] == "critical"
    ]
    met = verdict["success"] and not failed
    count = len(verdict["results"])
    said = f"{count} looked at, {len(failed)} of these not met"
    findings.add("expectations", required, said, met)


def _judge_archive(
    gate: Promotion,
    candidate: Version,
    predictions: Predictions,
    table: pa.Table,
    findings: Findings,
) -> None:
    """Measure the archive here and now: its bytes, its answers, its speed."""
    archive = candidate.archive
    length = archive.file.stat().st_size
    findings.figures["archive_bytes"] = length
    findings.add(
        "archive bytes",
        f"≤ {gate.archive_bytes:,}",
        f"{length:,}",
        length <= gate.archive_bytes,
    )
    few = table.slice(0, ROWS_ASKED)
    answered = candidate.answer(predictions.head(few.num_rows), few).outputs
    stored = predictions.outputs[: len(answered)]
    apart = abs(answered - stored) / np.maximum(1, abs(stored))
    findings.add(
        "answers",
        "as stored",
        f"{apart.max():.1g} apart in {len(few)} rows",
        bool((apart <= TOLERANCE).all()),
    )
    milliseconds = archive.milliseconds_per_row(few)
    findings.figures["milliseconds_per_row"] = round(milliseconds, 3)
    findings.add(
        "milliseconds per row",
        f"≤ {gate.milliseconds_per_row:g}",
        f"{milliseconds:.3g}",
        milliseconds <= gate.milliseconds_per_row,
    )


def _answers_of(
    client: "MlflowClient",
    champion_uri: str,
    candidate: Version,
    predictions: Predictions,
    table: pa.Table,
    stack: ExitStack,
) -> tuple[Predictions, str]:
    """Get the champion's answers to the candidate's test rows.

    Returns:
        The answers, and whether they were `stored` or `recomputed`.
    """
    found = Findings()
    champion = open_version(client, champion_uri, found, stack)
    if champion is None:
        raise RefusedError(
            f"the champion {champion_uri} must be whole to be compared with. Received: "
            f"{found.reason}",
            "`pedigree rollback` returns to the champion before it.",
        )
    stored = champion.predictions
    same_data = champion.raw[1] == candidate.raw[1]
    if stored is not None and same_data and stored.answers_the_same_rows(predictions):
        return stored.in_order_of(predictions.classes), "stored"
    return champion.answer(predictions, table), "recomputed"
