"""The decisions about a registered model, written so that a kill cannot falsify them.

A decision is a run in the MLflow experiment `promotion`. The run is made first, with
all that was decided, and does not end before everything is done:

1. the run is made, with the decision as its tags: one transaction;
2. the alias moves, if the decision moves it: one transaction;
3. the decision is written as a JSON artifact and onto the version;
4. the run ends.

Whoever looks next finds the run still running if 2, 3 or 4 is missing, and the alias
tells whether 2 happened.
"""

import getpass
import json
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pedigree.errors import RefusedError, WrongUseError
from pedigree.tracking.run_log import shorten
from pedigree.tracking.secrets import redact, redact_leaves
from pedigree.tracking.store import experiment_id, is_local

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

Word = Literal["promoted", "refused", "rolled back", "interrupted", "moved"]

CHAMPION = "champion"
EXPERIMENT = "promotion"
ARTIFACT = "decision.json"
MODEL_TAG = "pedigree.model"
DECISION_TAG = "pedigree.decision"
RECORD_TAG = "pedigree.decision.record"
REASON_LENGTH = 2000

# A decision on a server may be somebody else's who is still writing it.
SECONDS_TO_WRITE = 60


@dataclass(frozen=True)
class Decision:
    """What was decided about a version.

    Attributes:
        time: When, in UTC, as ISO 8601.
        who: User and machine.
        start: The champion before; None if there was none.
        end: The version it was about, the champion afterwards if it was let through.
        decision: `promoted`, `refused` or `rolled back`; `interrupted` if the process
            ended before the alias moved; `moved` if somebody else moved the alias.
        reason: Why.
        figures: What was measured.
    """

    start: int | None
    end: int | None
    decision: Word
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)
    time: str = field(default_factory=lambda: _now())
    who: str = field(
        default_factory=lambda: f"{getpass.getuser()}@{socket.gethostname()}"
    )

    @property
    def moves(self) -> bool:
        """Whether the alias moves."""
        return self.decision in ("promoted", "rolled back")

    def as_json(self) -> dict[str, Any]:
        """The decision as `pedigree history --json` shows it, and who made it."""
        content = asdict(self)
        named = {"time": content.pop("time"), "from": content.pop("start")}
        return named | {"to": content.pop("end")} | content


def _now() -> str:
    # MLflow takes no plus sign in the name of a tag.
    text = datetime.now(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def read_history(client: "MlflowClient", model: str) -> list[Decision]:
    """Read the decisions about a model, the oldest first.

    One that is being written does not count yet.
    """
    return [
        _decision_of(run)
        for run in _runs(client, model)
        if run.info.status == "FINISHED"
    ]


def write_decision(client: "MlflowClient", model: str, decision: Decision) -> Decision:
    """Append a decision, and move the alias if it says so. The lock must be held.

    Args:
        client: The open store.
        model: The registered model.
        decision: What was decided.

    Returns:
        What has happened: `refused` if the champion is another one by now.
    """
    decision = replace(
        decision,
        reason=shorten(redact(decision.reason), REASON_LENGTH),
        who=redact(decision.who),
        figures=redact_leaves(decision.figures),
    )
    created = client.create_run(
        experiment_id(client, EXPERIMENT),
        tags={MODEL_TAG: model, **_tags(decision)},
        run_name=f"{model} {decision.end}: {decision.decision}",
    )
    if decision.moves:
        if find_champion(client, model) == decision.start:
            client.set_registered_model_alias(model, CHAMPION, str(decision.end))
        else:
            reason = "the champion has changed while the version was looked at"
            decision = replace(decision, decision="refused", reason=reason)
    _finish(client, model, created.info.run_id, decision)
    return decision


def settle(client: "MlflowClient", model: str) -> None:
    """Finish what a killed process has left, and note what others did to the alias.

    The lock must be held. Nothing is done where everything is in order.
    """
    alias = find_champion(client, model)
    for run in _runs(client, model):
        if run.info.status == "RUNNING" and _is_abandoned(run):
            decision = _decision_of(run)
            if decision.moves and alias != decision.end:
                reason = f"the process ended before the alias moved; {decision.reason}"
                decision = replace(decision, decision="interrupted", reason=reason)
            _finish(client, model, run.info.run_id, decision)
    expected = next(iter(champions(read_history(client, model))), None)
    if alias != expected:
        reason = "the alias was moved by other means than `pedigree promote`"
        write_decision(client, model, Decision(expected, alias, "moved", reason))


def champions(history: Iterable[Decision]) -> list[int | None]:
    """The champions to return to one after the other, the present one first.

    A champion that was rolled back from is none of them.
    """
    found: list[int | None] = []
    for each in history:
        if each.decision == "rolled back" and each.end in found:
            found = found[found.index(each.end) :]
        elif each.moves or each.decision == "moved":
            found.insert(0, each.end)
    return found


def find_champion(client: "MlflowClient", model: str) -> int | None:
    """The version that the alias names, or None.

    Raises:
        WrongUseError: If there is no such model.
    """
    version = aliases(client, model).get(CHAMPION)
    return None if version is None else int(version)


def aliases(client: "MlflowClient", model: str) -> dict[str, str]:
    """The version of each alias of a model.

    Raises:
        WrongUseError: If there is no such model.
    """
    from mlflow.exceptions import MlflowException

    try:
        found: dict[str, str] = client.get_registered_model(model).aliases
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        known = ", ".join(each.name for each in client.search_registered_models())
        raise WrongUseError(
            f"MODEL must be a registered model. Received: {model}",
            f"Registered are {known or 'none; `dvc repro` registers models'}.",
        ) from error
    return found


def _finish(
    client: "MlflowClient", model: str, run_id: str, decision: Decision
) -> None:
    """Write a decision out; what is written twice is the same."""
    from mlflow.entities import RunTag

    # As they are: a decision bears no secret, and half a record would be none.
    tags = [RunTag(name, value) for name, value in _tags(decision).items()]
    client.log_batch(run_id, tags=tags)
    client.log_dict(run_id, decision.as_json(), ARTIFACT)
    number = str(decision.end)
    if number in _versions(client, model):
        name = f"{DECISION_TAG}.{decision.time}"
        said = shorten(f"{decision.decision}: {decision.reason}", REASON_LENGTH)
        client.set_model_version_tag(model, number, name, said)
    client.set_terminated(run_id, "FINISHED")


def _tags(decision: Decision) -> dict[str, str]:
    return {
        DECISION_TAG: decision.decision,
        RECORD_TAG: json.dumps(decision.as_json(), ensure_ascii=False),
    }


def _decision_of(run: "Run") -> Decision:
    """The decision that a run records.

    Raises:
        RefusedError: If its record was changed into what is none.
    """
    record = run.data.tags.get(RECORD_TAG)
    try:
        content = json.loads(record or "")
        return Decision(start=content.pop("from"), end=content.pop("to"), **content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(
            f"the tag {RECORD_TAG} of run {run.info.run_id} must be the JSON of a "
            f"decision. Received: {record}",
            f"Its artifact {ARTIFACT} holds the decision: write it into the tag.",
        ) from error


def _runs(client: "MlflowClient", model: str) -> "list[Run]":
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return []
    found: list[Run] = []
    token = None
    while True:
        page = client.search_runs(
            [experiment.experiment_id],
            f"tags.`{MODEL_TAG}` = '{model}'",
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        found += page
        token = page.token
        if not token:
            return sorted(found, key=lambda run: _decision_of(run).time)


def _versions(client: "MlflowClient", model: str) -> set[str]:
    found = client.search_model_versions(f"name = '{model}'")
    return {str(each.version) for each in found}


def _is_abandoned(run: "Run") -> bool:
    """Tell whether nobody is writing a decision any more.

    The lock says so for this checkout; for a server, which others use as well, time
    has to.
    """
    seconds = time.time() - run.info.start_time / 1000
    return is_local() or seconds > SECONDS_TO_WRITE
