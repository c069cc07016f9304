"""validate: raw data against its expectations, to a verdict that others wait for."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pedigree.data.data_docs import write_data_docs
from pedigree.data.derived import with_derived
from pedigree.data.description import describe
from pedigree.data.raw import read_splits
from pedigree.data.statistics import frames_to_check
from pedigree.data.suite import load_suite
from pedigree.data.validation import make_verdict, run_suite
from pedigree.data.verdict import (
    Verdict,
    hash_raw,
    not_met,
    refusal,
    write_verdict,
)
from pedigree.tracking.outcome import log_outcome
from pedigree.tracking.stage import StageRun, run_stage

_COLOURS = {"critical": "red", "warning": "yellow"}


def main(run: StageRun, dataset: str, suite_name: str) -> None:
    """Check `data/raw/<dataset>` against `expectations/<suite_name>.yaml`.

    Raises:
        RefusedError: If a critical expectation is not met.
    """
    suite = load_suite(Path("expectations", f"{suite_name}.yaml"))
    frames = frames_to_check(read_splits(Path("data/raw", dataset)))
    frames = with_derived(frames, suite.derived)

    results = run_suite(suite, frames)
    verdict = make_verdict(dataset, suite, frames, results)
    verdict["data"] = hash_raw(dataset)

    data_docs = Path("reports/data", dataset)
    # Written in either case: a verdict of an earlier run must not speak for this data.
    write_verdict(Path("data/validated", f"{dataset}.json"), verdict)
    write_data_docs(data_docs, verdict, results)
    log_outcome(run, "validate", dataset)
    run.log_artifact(data_docs, "data_docs")
    _print_not_met(verdict)
    if not verdict["success"]:
        raise refusal(verdict)


def _print_not_met(verdict: Verdict) -> None:
    """Print a table of the expectations that were not met, if there is any."""
    failed = not_met(verdict)
    if not failed:
        return
    table = Table(
        title=f"{verdict['dataset']}: expectations of {verdict['suite']} not met",
        box=box.SIMPLE_HEAD,
        show_lines=True,
    )
    table.add_column("about", overflow="fold", ratio=2)
    table.add_column("expected", overflow="fold", ratio=4)
    table.add_column("found", overflow="fold", ratio=3)
    for result in failed:
        about, expected, found = describe(result)
        severity = result["severity"]
        where = f"\nin {result['split']}" if len(verdict["rows"]) > 1 else ""
        table.add_row(
            f"[{_COLOURS[severity]}]{severity}[/]\n{escape(about)}{where}",
            f"{escape(expected)}\n[dim]{escape(result['reason'])}[/]",
            escape("\n".join(found)),
        )
    Console(stderr=True).print(table)


if __name__ == "__main__":
    run_stage(main)
