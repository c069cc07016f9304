"""validate: raw data against its expectations, to a verdict that others wait for."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pedigree.data.data_docs import write_data_docs
from pedigree.data.raw import read_splits
from pedigree.data.statistics import frames_to_check
from pedigree.data.suite import load_suite
from pedigree.data.validation import make_verdict, run_suite
from pedigree.data.verdict import (
    Verdict,
    describe,
    hash_raw,
    not_met,
    refusal,
    write_verdict,
)
from pedigree.tracking.stage import StageRun, run_stage


def main(run: StageRun, dataset: str, suite_name: str) -> None:
    """Check `data/raw/<dataset>` against `expectations/<suite_name>.yaml`.

    Raises:
        RefusedError: If a critical expectation is not met.
    """
    suite = load_suite(Path("expectations", f"{suite_name}.yaml"))
    frames = frames_to_check(read_splits(Path("data/raw", dataset)))

    results = run_suite(suite, frames)
    verdict = make_verdict(dataset, suite, frames, results)
    verdict["data"] = hash_raw(dataset)

    path = Path("data/validated", f"{dataset}.json")
    data_docs = Path("reports/data", dataset)
    # Written in either case: a verdict of an earlier run must not speak for this data.
    write_verdict(path, verdict)
    write_data_docs(data_docs, verdict, results)
    run.log_artifact(path)
    run.log_artifact(data_docs, "data_docs")
    run.log_metrics(_metrics(verdict, frames))
    _print_not_met(verdict)
    if not verdict["success"]:
        raise refusal(verdict)


def _metrics(verdict: Verdict, frames: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Compute the share of expectations met, rows, and missing shares of columns."""
    met = [result["success"] for result in verdict["results"]]
    metrics = {"expectations": len(met), "expectations.met": sum(met) / len(met)}
    for split, frame in frames.items():
        metrics[f"{split}.rows"] = len(frame)
        if len(frame) > 0:
            for column, share in frame.isna().mean().items():
                metrics[f"{split}.missing.{column}"] = float(share)
    return metrics


def _print_not_met(verdict: Verdict) -> None:
    """Print a table of the expectations that were not met, if there is any."""
    failed = not_met(verdict)
    if failed:
        table = Table(
            title=f"{verdict['dataset']}: expectations of {verdict['suite']} not met",
            show_lines=True,
        )
        table.add_column("severity")
        table.add_column("split")
        table.add_column("expectation", overflow="fold", ratio=3)
        table.add_column("found", overflow="fold", ratio=2)
        for result in failed:
            what, found = map(escape, describe(result))
            reason = escape(result["reason"])
            table.add_row(
                result["severity"], result["split"], f"{what}\n[dim]{reason}[/]", found
            )
        Console(stderr=True).print(table)


if __name__ == "__main__":
    run_stage(main)
