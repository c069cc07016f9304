from pathlib import Path

from pedigree.tracking.abandoned import end_abandoned_runs
from pedigree.tracking.store import experiment_id, open_client


def test_only_running_runs_of_the_same_execution_are_ended(store: Path) -> None:  # noqa: ARG001
    client = open_client()

    def start(experiment: str, key: str, status: str | None = None) -> str:
        location = experiment_id(client, experiment)
        run = client.create_run(location, tags={"dvc.key": key}).info.run_id
        if status:
            client.set_terminated(run, status)
        return run

    runs = {
        start("lessons", "same"): "KILLED",
        start("moved study", "same"): "KILLED",
        start("lessons", "other"): "RUNNING",
        start("lessons", "same", "FINISHED"): "FINISHED",
        start("lessons", "same", "FAILED"): "FAILED",
    }
    end_abandoned_runs(client, "same")
    assert {run: client.get_run(run).info.status for run in runs} == runs
