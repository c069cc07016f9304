"""tune: the values with which an experiment's validation goes best."""

import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

# Before Keras is imported: TensorFlow's start-up notices are no news to a user.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pedigree.evaluation.parallel_coordinates import draw_parallel_coordinates
from pedigree.evaluation.trials_table import table_of_trials
from pedigree.params.file import PARAMS_FILE, read_section
from pedigree.params.model import Model
from pedigree.params.searches import Search
from pedigree.params.train import Train
from pedigree.sections import parse
from pedigree.tracking.outcome import log_outcome
from pedigree.tracking.stage import StageRun, run_stage
from pedigree.tracking.trials import TrialLog
from pedigree.training.search.inputs import read_inputs
from pedigree.training.search.trials import Trial, rank, write_trials

# A section as it is written: `Search` says what it has to be.
Plain = dict[str, Any]

# Variables that would make this process a worker of somebody else's search.
DISTRIBUTED = ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")


def main(run: StageRun, search: str, experiment: str, features: str) -> None:
    """Search for the best values of an experiment's leaves, on validation rows.

    Args:
        run: The run to log to; each trial gets one beside it.
        search: Key of the search in `params.yaml`.
        experiment: Key of its experiment.
        features: Key of the features that the trials are trained on.
    """
    model = read_section(Model, "experiments", experiment, "model")
    train: Train = read_section(Train, "experiments", experiment, "train")  # type: ignore[arg-type]
    parameters = read_search(search, experiment, features, model.architecture)
    inputs = read_inputs(
        search, parameters, model, train, Path("data/prepared", features)
    )
    for name in DISTRIBUTED:
        os.environ.pop(name, None)
    # Keras takes seconds to import: only now that the parameters are known to be good.
    from pedigree.training.search.finished import FinishedTrials
    from pedigree.training.search.tuner import run_trials

    finished, trials, log = (
        FinishedTrials(run.key),
        list[Trial](),
        TrialLog(run, search),
    )

    def on_trial(trial: Trial) -> None:
        trials.append(trial)
        log.log(trial.number, trial.values, trial.history, trial.failure)

    run_trials(parameters, inputs, finished, on_trial, _say)

    reports = Path("reports/search", search)
    write_trials(reports, trials, parameters.objective, parameters.epochs)
    _draw(trials, parameters, reports / "plots")
    log_outcome(run, "tune", search)
    finished.remove()
    Console().print(_table(trials, parameters))


def read_search(
    search: str, experiment: str, features: str, architecture: str
) -> Search:
    """Read a search without what was published of it, on which nothing depends.

    Args:
        search: Its key in `params.yaml`.
        experiment: Key of its experiment.
        features: Key of the features that the trials are trained on.
        architecture: That of the experiment.

    Raises:
        WrongUseError: If a section is missing or is not what it has to be.
    """
    told = {
        "experiment": experiment,
        "features": features,
        "architecture": architecture,
        "tuner": read_section(Plain, "searches", search, "tuner"),
        "objective": read_section(Plain, "searches", search, "objective"),
        "epochs": read_section(int, "searches", search, "epochs"),
        "space": read_section(Plain, "searches", search, "space"),
    }
    return parse(Search, told, PARAMS_FILE, ("searches", search))


def _draw(trials: list[Trial], search: Search, folder: Path) -> None:
    ended = [(t, row) for t in trials if (row := t.best_row(search.objective))]
    folder.mkdir(parents=True, exist_ok=True)
    draw_parallel_coordinates(
        list(search.space),
        [list(trial.values.values()) for trial, _ in ended],
        [row[search.objective.metric] for _, row in ended],
        search.objective.metric,
        search.objective.direction == "min",
        folder / "parallel_coordinates.png",
    )


def _table(trials: list[Trial], search: Search) -> object:
    rows = []
    for trial in rank(trials, search.objective):
        best = trial.best_row(search.objective)
        score = best[search.objective.metric] if best else None
        epoch = int(best["epoch"]) if best else None
        rows.append((trial.number, list(trial.values.values()), score, epoch))
    return table_of_trials(list(search.space), search.objective.metric, rows)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run_stage(main)
