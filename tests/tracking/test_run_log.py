import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import (
    MAX_PARAM_VAL_LENGTH,
    MAX_TAG_VAL_LENGTH,
    _validate_metric_name,
    _validate_param_name,
)

from pedigree.tracking.run_log import (
    PARAMETER_LENGTH,
    TAG_LENGTH,
    RunLog,
    dotted_leaves,
    entity_name,
)
from pedigree.tracking.store import experiment_id, open_client


def new_run() -> RunLog:
    client = open_client()
    run = client.create_run(experiment_id(client, "lessons"))
    return RunLog(client, run.info.run_id)


def is_accepted(name: str) -> bool:
    """Whether MLflow takes a name for a metric, and for a parameter."""
    try:
        _validate_metric_name(name)
        _validate_param_name(name)
    except MlflowException:
        return False
    return True


@given(st.text(min_size=1, max_size=100))
@example(".")
@example("..a")
def test_mlflow_accepts_every_name(name: str) -> None:
    assert is_accepted(entity_name(name))


@pytest.mark.parametrize("name", [".", "..a", "a\tb"])
def test_mlflow_does_not_accept_every_name_as_it_is(name: str) -> None:
    assert not is_accepted(name)


def test_the_limits_are_those_of_mlflow() -> None:
    assert (PARAMETER_LENGTH, TAG_LENGTH) == (MAX_PARAM_VAL_LENGTH, MAX_TAG_VAL_LENGTH)


def test_dotted_leaves() -> None:
    nested = {"a": {"b": 1, "c": {"d": [1, 2]}}, "e": {}}
    assert dict(dotted_leaves(nested)) == {"a.b": 1, "a.c.d": [1, 2], "e": {}}


@pytest.mark.usefixtures("store")
def test_values_longer_than_mlflow_takes() -> None:
    run = new_run()
    columns = [f"column_{number}" for number in range(2000)]
    run.log_parameters({"short": "text", "numeric": {"columns": columns}})
    run.set_tags({"long": "x" * 20_000})
    data = run.client.get_run(run.run_id).data
    assert data.params["short"] == "text"
    shown = data.params["numeric.columns"]
    assert len(shown) == PARAMETER_LENGTH and shown.endswith("…")
    assert json.dumps(columns).startswith(shown[:-1])
    assert len(data.tags["long"]) == TAG_LENGTH


@pytest.mark.usefixtures("store")
def test_the_same_parameter_twice_and_more_than_one_batch() -> None:
    run = new_run()
    run.log_parameters({f"p{number}": number for number in range(250)})
    run.log_parameters({"p0": 0})
    run.log_metrics({f"m{number}": number for number in range(1500)}, step=3)
    data = run.client.get_run(run.run_id).data
    assert len(data.params) == 250
    assert len(data.metrics) == 1500
    assert run.client.get_metric_history(run.run_id, "m7")[0].step == 3


@pytest.mark.usefixtures("store")
def test_a_finished_run_stays_finished(tmp_path) -> None:
    run = new_run()
    run.client.set_terminated(run.run_id, "FINISHED")
    before = run.client.get_run(run.run_id).info
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots/roc.png").write_bytes(b"")
    run.log_metrics({"test.classes.T-shirt/top.recall": 0.5})
    run.log_parameters({"a": 1})
    run.log_artifact(tmp_path / "plots")
    run.log_artifact(tmp_path / "plots/roc.png", "more")
    run.set_tags({"a": "b"})
    after = run.client.get_run(run.run_id)
    assert (after.info.status, after.info.end_time) == ("FINISHED", before.end_time)
    assert after.data.metrics == {"test.classes.T-shirt_top.recall": 0.5}
    files = [
        file.path
        for folder in ("plots", "more")
        for file in run.client.list_artifacts(run.run_id, folder)
    ]
    assert files == ["plots/roc.png", "more/roc.png"]


@pytest.mark.usefixtures("store")
def test_a_run_ends_as_its_block_does() -> None:
    run = new_run()
    with run.until_its_end() as same:
        assert same is run
        assert run.client.get_run(run.run_id).info.status == "RUNNING"
    assert run.client.get_run(run.run_id).info.status == "FINISHED"
    failing = new_run()
    with pytest.raises(KeyboardInterrupt), failing.until_its_end():
        raise KeyboardInterrupt
    assert failing.client.get_run(failing.run_id).info.status == "FAILED"
