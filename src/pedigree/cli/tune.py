"""`pedigree tune`: a search, by one process or by several."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from pedigree.errors import WrongUseError
from pedigree.params.experiments import Experiment
from pedigree.params.file import PARAMS_FILE, Parameters, read_parameters
from pedigree.params.searches import Search

# keras-tuner reads it, and takes part in the search of the chief at that address.
CHIEF_ADDRESS = "KERASTUNER_ORACLE_IP"


def tune_command(
    search_id: Annotated[
        str, typer.Argument(metavar="SEARCH", help="Key of an active search.")
    ],
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="How many processes train at a time."),
    ] = None,
) -> None:
    """Run a search: by itself, by local workers, or as part of a distributed one."""
    parameters = read_parameters()
    search = active_search(parameters, search_id)
    if CHIEF_ADDRESS in os.environ:
        _take_part(search_id, search, parameters.experiments[search.experiment])
        return
    if workers is not None:
        reproduce(f"preprocess@{search.features}")
        code = _distribute(search_id, workers)
        if code:
            raise typer.Exit(code)
    # What workers have done, the stage finds done: its outputs are those of a search
    # by one process.
    reproduce(f"tune@{search_id}")


def active_search(parameters: Parameters, search_id: str) -> Search:
    """Find a search in `params.yaml`.

    Raises:
        WrongUseError: If there is none of that name.
    """
    if search_id not in parameters.searches:
        known = ", ".join(parameters.searches) or "none"
        raise WrongUseError(
            f"SEARCH must be a key of `searches` in {PARAMS_FILE}: {known}. Received: "
            f"{search_id!r}",
            "`pedigree list` shows what can be activated.",
        )
    return parameters.searches[search_id]


def reproduce(address: str) -> None:
    """Let DVC run a stage, which ends with this process where this one is ended."""
    signal.signal(signal.SIGTERM, _leave)
    command = [sys.executable, "-m", "dvc", "repro", address]
    with subprocess.Popen(command, start_new_session=True) as dvc:
        try:
            code = dvc.wait()
        finally:
            # As Ctrl-C does it: the stage leaves in good order, and DVC after it.
            if dvc.poll() is None:
                os.killpg(dvc.pid, signal.SIGINT)
    if code:
        raise typer.Exit(1)


def _distribute(search_id: str, workers: int) -> int:
    from pedigree.tracking.dvc_entry import DvcEntry, is_up_to_date
    from pedigree.training.search.finished import FinishedTrials
    from pedigree.training.search.processes import run_workers

    stage = DvcEntry(f"tune@{search_id}")
    if is_up_to_date(stage):
        return 0
    finished = FinishedTrials(stage.key)
    command = [sys.executable, "-m", "pedigree", "tune", search_id]
    signal.signal(signal.SIGTERM, _leave)  # and take the processes along
    return run_workers(command, workers, finished.count, _say)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise SystemExit(128 + number)


def _take_part(search_id: str, search: Search, experiment: Experiment) -> None:
    """Be the chief of a search or one of its workers, as the environment says."""
    gc.enable()  # a command does without, trainings cannot
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from pedigree.tracking.dvc_entry import DvcEntry
    from pedigree.training.search.finished import FinishedTrials
    from pedigree.training.search.inputs import read_inputs

    prepared = Path("data/prepared", search.features)
    model, train = experiment.model, experiment.train
    inputs = read_inputs(search_id, search, model, train, prepared)
    finished = FinishedTrials(DvcEntry(f"tune@{search_id}").key)
    from pedigree.training.search.tuner import run_trials

    name = os.environ.get("KERASTUNER_TUNER_ID", "")
    run_trials(
        search,
        inputs,
        finished,
        on_trial=lambda trial: None,  # noqa: ARG005
        say=lambda text: _say(f"{name}: {text}"),
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
