"""The entry of every stage script: one MLflow run per execution of a stage."""

import atexit
import gc
import inspect
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from pedigree.errors import PedigreeError, WrongUseError
from pedigree.tracking.abandoned import end_abandoned_runs
from pedigree.tracking.dvc_entry import DvcEntry
from pedigree.tracking.environment import environment_tags
from pedigree.tracking.restore import outputs_kept
from pedigree.tracking.run_log import RunLog, metrics_of
from pedigree.tracking.runs import output_tags, start_run
from pedigree.tracking.store import open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

# A commit to the store takes longer than some epochs do.
SECONDS_BETWEEN_COMMITS = 5.0


class StageRun(RunLog):
    """The run of one execution of a stage.

    What is logged within seconds reaches the store in one batch; all of it is there
    when the run has ended, however it ended.

    Args:
        client: The open store.
        run_id: The run.
        name: The address of the stage, e.g. `train@digits_convnet`.
        key: The identity of the execution: the sha256 of its command, the hashes of
            its dependencies and its parameters.
    """

    def __init__(
        self, client: "MlflowClient", run_id: str, name: str, key: str
    ) -> None:
        super().__init__(client, run_id)
        self.name = name
        self.key = key
        self._waiting: list[Metric] = []
        self._committed = time.monotonic()

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log metrics, together with those of the last seconds.

        Args:
            metrics: The values, by name.
            step: The epoch, or 0.
        """
        self._waiting += metrics_of(metrics, step)
        if time.monotonic() - self._committed >= SECONDS_BETWEEN_COMMITS:
            self._commit_waiting()

    def end(self, status: str) -> None:
        """Write what waits, and end the run.

        Args:
            status: FINISHED, FAILED or KILLED.
        """
        self._commit_waiting()
        self.client.set_terminated(self.run_id, status)

    def _commit_waiting(self) -> None:
        batch, self._waiting = self._waiting, []
        self.commit_metrics(batch)
        self._committed = time.monotonic()


def run_stage(main: Callable[..., None]) -> None:
    """Run a stage script with the arguments of the command line, tracked.

    An error that a user can act on is two lines and the exit code it bears, any other
    a traceback. Either way the outputs of the last execution that succeeded are put
    back, and the run is marked.

    Args:
        main: What the stage does, given its run and the arguments. The stage bears
            the name of the file that defines it.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        arguments = sys.argv[1:]
        stage = Path(inspect.getfile(main)).stem
        _check_count(main, stage, arguments)
        # What is imported to track a run stays until the end: collecting garbage
        # meanwhile, or at the end, finds none and takes a quarter of the time.
        gc.disable()
        atexit.register(gc.freeze)
        dvc_entry = DvcEntry(f"{stage}@{arguments[0]}")
        _check_command(dvc_entry, arguments)
        with outputs_kept(dvc_entry), open_run(dvc_entry) as run:
            gc.freeze()
            gc.enable()
            main(run, *arguments)
    except PedigreeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


@contextmanager
def open_run(dvc_entry: DvcEntry) -> Iterator[StageRun]:
    """Open the run of a stage, and end it as the block ends.

    Args:
        dvc_entry: The stage. Its outputs are tagged when the block has succeeded.

    Yields:
        The run, with the tags, parameters and dataset inputs known at the start.
    """
    client = open_client()
    end_abandoned_runs(client, dvc_entry.key)
    started = start_run(client, dvc_entry, dvc_entry.entry, environment_tags())
    run = StageRun(client, started.run_id, dvc_entry.address, dvc_entry.key)
    try:
        yield run
        run.set_tags(output_tags(dvc_entry.outputs()))
        run.end("FINISHED")
    except Exception as error:
        rule = error.rule if isinstance(error, PedigreeError) else repr(error)
        run.set_tags({"pedigree.error": rule})
        run.end("FAILED")
        raise
    except BaseException:
        run.end("KILLED")
        raise


def _check_count(main: Callable[..., None], stage: str, arguments: list[str]) -> None:
    expected = [name.upper() for name in inspect.signature(main).parameters][1:]
    if len(arguments) != len(expected):
        usage = f"python -m pedigree.stages.{stage} {' '.join(expected)}"
        raise WrongUseError(
            f"{stage} takes {len(expected)} arguments: {' '.join(expected)}. "
            f"Received: {' '.join(arguments) or 'none'}",
            f"Run `dvc repro {stage}@{expected[0]}`, or `{usage}`.",
        )


def _check_command(dvc_entry: DvcEntry, arguments: list[str]) -> None:
    """Refuse arguments other than those that the lineage would record."""
    command = str(dvc_entry.stage.cmd)
    if command.split()[-len(arguments) :] != arguments:
        raise WrongUseError(
            f"{dvc_entry.address} must run as dvc.yaml says: `{command}`. "
            f"Received: {' '.join(arguments)}",
            f"Run `dvc repro {dvc_entry.address}`.",
        )


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Leave in good order; once is enough, what follows is the clean-up."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
