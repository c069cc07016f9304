"""Runs of processes that were killed and could not say so themselves."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient


def end_abandoned_runs(client: "MlflowClient", key: str) -> None:
    """Mark the runs of an execution that still seem to run as killed.

    DVC runs a stage once at a time, so when an execution starts, whatever runs under
    its key in this store has died. (Where others share the store and one of them does
    run the same, their run corrects its status as it ends.)

    Args:
        client: The open store.
        key: The identity of the execution that starts, its tag `dvc.key`.
    """
    experiments = [each.experiment_id for each in client.search_experiments()]
    query = f"tags.`dvc.key` = '{key}' and attributes.status = 'RUNNING'"
    for run in client.search_runs(experiments, query):
        client.set_terminated(run.info.run_id, "KILLED")
