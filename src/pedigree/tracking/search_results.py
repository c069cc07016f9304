"""What the cells of a search measured, as a result beside those of experiments."""

import csv
import json
from pathlib import Path
from typing import Any

from pedigree.errors import WrongUseError
from pedigree.params.file import Parameters
from pedigree.params.searches import Search, cell_name
from pedigree.tracking.dvc_entry import DvcEntry, hashes, key_of, open_pipeline_file
from pedigree.tracking.results import (
    Lineage,
    Result,
    hardware_of,
    kept_remark,
    locked_entry,
    recipe_of,
    settings_of,
)
from pedigree.tracking.runs import find_run
from pedigree.tracking.store import open_client

REPORTS = Path("reports/search")


def figure_name(search: Search, cell: str) -> str:
    """Name the figure of a cell: that of its last epoch, which is what is published.

    Args:
        search: The search.
        cell: The cell, as `cell_name` names it.
    """
    return f"last.{search.objective.metric} {cell}"


def record_search(
    name: str,
    active: Parameters,
    known: Parameters,
    remark: str | None = None,
    file: Any = None,
) -> Result:
    """Collect what each trial of a search measured, and what it was made from.

    Args:
        name: Key of an active search.
        active: What `params.yaml` holds.
        known: What the catalogue holds.
        remark: The remark; without one, that of an earlier result is kept.
        file: What `open_pipeline_file` has returned; opened where there is none.

    Raises:
        WrongUseError: If the search has not been run as it stands.
    """
    search = active.searches[name]
    experiment = active.experiments[search.experiment]
    file = file or open_pipeline_file()
    stage = DvcEntry(f"tune@{name}", file)
    locked = locked_entry(stage, f"Run `dvc repro tune@{name}`.")
    run = find_run(open_client(), key_of(locked), hashes(locked["outs"]))
    if run is None:
        raise WrongUseError(
            f"the search {name} must have a run. Received: none",
            "`pedigree sync` makes the runs of what came from a cache.",
        )
    tags = run.data.tags
    trials = _read_trials(REPORTS / name / "trials.csv")
    whole = "pedigree.origin" not in tags
    return Result(
        id=name,
        study=experiment.study,
        scale="full" if _is_full(name, active, known) else "reduced",
        measured=_measured(search, trials),
        interval={},
        confidence=experiment.evaluate.bootstrap.confidence,
        seconds=(run.info.end_time - run.info.start_time) / 1000 if whole else None,
        epochs=sum(int(trial["epochs"] or 0) for trial in trials),
        settings=settings_of(experiment, search),
        lineage=Lineage(
            keys={"tune": key_of(locked)},
            hashes={
                path: md5
                for path, md5 in hashes([*locked["deps"], *locked["outs"]]).items()
                if path.startswith(("data/", "reports/"))
            },
            git_commit=tags.get("git.commit"),
            git_dirty=tags.get("git.dirty") == "true",
        ),
        hardware=hardware_of(tags),
        remark=kept_remark(name, experiment.study, remark),
    )


def _read_trials(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _measured(search: Search, trials: list[dict[str, str]]) -> dict[str, float]:
    column = f"last.{search.objective.metric}"
    cells = {
        cell_name({axis: _value(trial[axis]) for axis in search.space}): trial[column]
        for trial in trials
    }
    return {figure_name(search, cell): float(v) for cell, v in cells.items() if v}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_full(name: str, active: Parameters, known: Parameters) -> bool:
    if name not in known.searches:
        return False
    search, same = (
        each.searches[name].model_copy(update={"published": {}})
        for each in (active, known)
    )
    return search == same and (
        recipe_of(search.experiment, active) == recipe_of(search.experiment, known)
    )
