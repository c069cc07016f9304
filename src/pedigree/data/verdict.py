"""The verdict on a dataset: what was expected, what was found, and if it passed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pedigree.errors import RefusedError, WrongUseError

Verdict = dict[str, Any]

# The arguments that say which values an expectation is about, not what they must be.
_SUBJECTS = ("column", "column_A", "column_B", "column_list", "row_condition")


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Write what was found as sorted JSON, so that an equal verdict has equal bytes.

    Limits and reasons are left out, and so are severities of what was met: a suite in
    which they were edited, and that finds the same, re-runs nothing.
    """
    results = sorted(map(_findings, verdict["results"]), key=_as_text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_as_text(verdict | {"results": results}) + "\n", "utf-8")


def _findings(result: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a result what only the suite says."""
    findings = {name: value for name, value in result.items() if name != "reason"}
    if result["success"]:
        del findings["severity"]
    arguments = result["arguments"]
    subjects = {name: arguments[name] for name in _SUBJECTS if name in arguments}
    return findings | {"arguments": subjects}


def _as_text(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False)


def read_verdict(path: Path) -> Verdict:
    """Read a verdict.

    Raises:
        WrongUseError: If there is none, or the file is not one.
    """
    remedy = f"Run `dvc repro validate@{path.stem}`."
    try:
        verdict = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WrongUseError(
            f"{path} must hold the verdict on a dataset. Received: no such file", remedy
        ) from None
    except ValueError as error:
        raise WrongUseError(f"{path} must be JSON. Received: {error}", remedy) from None
    if not isinstance(verdict, dict) or not isinstance(verdict.get("success"), bool):
        raise WrongUseError(
            f"{path} must hold the verdict on a dataset. Received: JSON without "
            "`success`",
            remedy,
        )
    return verdict


def hash_raw(dataset: str) -> dict[str, str]:
    """Hash the raw data of a dataset, to tell later whether a verdict is about it.

    Returns:
        The sha256 of each file of `data/raw/<dataset>`, by its path in the project.
    """
    hashes = {}
    for path in sorted(Path("data/raw", dataset).glob("*.parquet")):
        with path.open("rb") as file:
            hashes[path.as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def require_success(path: Path) -> None:
    """Stop unless the dataset, as it is now, has passed its suite.

    When a stage fails its earlier output is put back: a verdict names the data that it
    is about, so that it cannot let other data pass.

    Raises:
        RefusedError: If a critical expectation failed, or the data has changed since.
        WrongUseError: If there is no verdict.
    """
    verdict = read_verdict(path)
    if not verdict["success"]:
        raise refusal(verdict)
    dataset = verdict["dataset"]
    if verdict.get("data") != hash_raw(dataset):
        raise RefusedError(
            f"{path} must be about the present data. Received: data/raw/{dataset} "
            "has changed since, or did not pass",
            f"Run `dvc repro validate@{dataset}`.",
        )


def not_met(verdict: Verdict) -> list[dict[str, Any]]:
    """List the results of expectations that were not met, the critical ones first."""
    failed = [result for result in verdict["results"] if not result["success"]]
    return sorted(failed, key=lambda result: str(result["severity"]))


def refusal(verdict: Verdict) -> RefusedError:
    """Say that a dataset did not pass, and where to look."""
    dataset, suite = verdict["dataset"], verdict["suite"]
    failed = [one for one in not_met(verdict) if one["severity"] == "critical"]
    return RefusedError(
        f"{dataset} must meet every critical expectation of {suite}. "
        f"Received: {len(failed)} not met",
        f"Open reports/data/{dataset}/index.html, then correct the data or the suite.",
    )
