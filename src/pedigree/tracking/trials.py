"""The runs of a search's trials: one each, beside the run of the search."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pedigree.tracking.run_log import RunLog, metrics_of

SEARCH_TAG, TRIAL_TAG = "pedigree.search", "pedigree.trial"

# Tags that are about one run alone, and about what a search has written.
_OWN_TAGS = ("mlflow.", "dvc.out.", "pedigree.")


class TrialLog:
    """Gives each trial of a search a run, unless it has one.

    Args:
        run: The run of the search.
        search: Key of the search in `params.yaml`.
    """

    def __init__(self, run: RunLog, search: str) -> None:
        self._run, self._search = run, search
        info = run.client.get_run(run.run_id)
        self._experiment = info.info.experiment_id
        self._tags = {
            name: value
            for name, value in info.data.tags.items()
            if not name.startswith(_OWN_TAGS)
        }
        self._logged = self._find_logged(self._tags["dvc.key"])

    def log(
        self,
        number: int,
        values: Mapping[str, Any],
        history: Sequence[Mapping[str, float]],
        failure: str,
    ) -> None:
        """Log a trial that is done.

        Args:
            number: Which one of the search, from 1.
            values: The value of each axis of the space, by its name.
            history: The figures of each epoch; none if the training was refused.
            failure: Why it was, if it was.
        """
        if str(number) in self._logged:
            return
        tags = {**self._tags, SEARCH_TAG: self._search, TRIAL_TAG: str(number)}
        if failure:
            tags["pedigree.error"] = failure
        client = self._run.client
        created = client.create_run(
            self._experiment, run_name=f"tune@{self._search} trial {number}"
        )
        trial = RunLog(client, created.info.run_id)
        trial.set_tags(tags)
        trial.log_parameters(values)
        trial.commit_metrics(
            [
                metric
                for row in history
                for metric in metrics_of(
                    {k: v for k, v in row.items() if k != "epoch"}, int(row["epoch"])
                )
            ]
        )
        status = "FAILED" if failure else "FINISHED"
        client.set_terminated(trial.run_id, status)
        self._logged.add(str(number))

    def _find_logged(self, key: str) -> set[str]:
        client = self._run.client
        query = f"tags.`dvc.key` = '{key}' and tags.`{SEARCH_TAG}` = '{self._search}'"
        logged, token = set(), None
        while True:
            page = client.search_runs([self._experiment], query, page_token=token)
            logged |= {
                run.data.tags[TRIAL_TAG]
                for run in page
                if run.info.status in ("FINISHED", "FAILED")
            }
            token = page.token
            if not token:
                return logged


def log_trials(run: RunLog, search: str, folder: Path) -> None:
    """Log all trials from what their search has written.

    Args:
        run: The run of the search.
        search: Key of the search in `params.yaml`.
        folder: `reports/search/<search>`.
    """
    log = TrialLog(run, search)
    names = json.loads((folder / "best.json").read_text("utf-8"))["axes"]
    history = _read_csv(folder / "history.csv")
    for line in _read_csv(folder / "trials.csv"):
        rows = [
            {k: float(v) for k, v in row.items() if k != "trial"}
            for row in history
            if row["trial"] == line["trial"]
        ]
        values = {name: line[name] for name in names}
        log.log(int(line["trial"]), values, rows, line["failure"])


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        lines: Iterable[dict[str, str]] = csv.DictReader(file)
        return list(lines)
