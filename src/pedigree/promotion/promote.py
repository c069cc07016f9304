"""Promoting a version, and returning to the champion before."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.file import read_section
from pedigree.params.promotion import Promotion
from pedigree.promotion.gate import examine, open_version
from pedigree.promotion.history import (
    Decision,
    Word,
    aliases,
    champions,
    find_champion,
    read_history,
    settle,
    write_decision,
)
from pedigree.promotion.lock import promotion_lock
from pedigree.promotion.rules import Findings
from pedigree.tracking.registry import CHALLENGER
from pedigree.tracking.store import open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient


def promote(model: str, version: int | None = None) -> tuple[Decision, Findings]:
    """Let a version through the gate of its model, or not; record it either way.

    Args:
        model: The registered model.
        version: The version; without it, the one that `challenger` names.

    Returns:
        What has happened, and what was found.

    Raises:
        WrongUseError: If there is no such version, or no gate for the model.
    """
    gate = read_section(Promotion, "promotion", model)
    client = open_client()
    with promotion_lock():
        settle(client, model)
        number = _require_version(client, model, version)
        champion = find_champion(client, model)
        findings = Findings()
        if number == champion:
            findings.add("version", "another than the champion", f"{number}", False)
        else:
            _examine(client, gate, model, number, champion, findings)
        word: Word = "promoted" if findings.passed else "refused"
        decision = Decision(champion, number, word, findings.reason, findings.figures)
        return write_decision(client, model, decision), findings


def rollback(model: str) -> Decision:
    """Return to the champion before the present one, if its files are whole.

    Args:
        model: The registered model.

    Returns:
        What has happened.

    Raises:
        WrongUseError: If there is no such model.
        RefusedError: If there is no champion before.
    """
    client = open_client()
    with promotion_lock():
        settle(client, model)
        present, *earlier = champions(read_history(client, model)) or [None]
        previous = next((each for each in earlier if each not in (None, present)), None)
        if previous is None:
            raise RefusedError(
                f"{model} must have had a champion before. Received: none before "
                f"{present or 'the first'}",
                f"`pedigree history {model}` shows what was decided.",
            )
        findings = Findings()
        with ExitStack() as stack:
            open_version(client, f"models:/{model}/{previous}", findings, stack)
        word: Word = "rolled back" if findings.passed else "refused"
        decision = Decision(present, previous, word, findings.reason)
        return write_decision(client, model, decision)


def show_history(model: str) -> list[Decision]:
    """The decisions about a model, the oldest first.

    What a killed process has left is settled first, unless somebody is promoting now.

    Raises:
        WrongUseError: If there is no such model.
    """
    client = open_client()
    find_champion(client, model)
    with promotion_lock(wait=False) as held:
        if held:
            settle(client, model)
        return read_history(client, model)


def _examine(
    client: "MlflowClient",
    gate: Promotion,
    model: str,
    number: int,
    champion: int | None,
    findings: Findings,
) -> None:
    before = None if champion is None else f"models:/{model}/{champion}"
    try:
        examine(client, gate, f"models:/{model}/{number}", before, findings)
    except RefusedError as error:
        findings.add("comparison", "possible", error.rule, False)


def _require_version(client: "MlflowClient", model: str, version: int | None) -> int:
    if version is None:
        named = aliases(client, model).get(CHALLENGER)
        if named is None:
            raise WrongUseError(
                f"{model} must have a {CHALLENGER} to promote. Received: none",
                "Name a version with --version, or register one: `dvc repro`.",
            )
        return int(named)
    found = client.search_model_versions(f"name = '{model}'")
    numbers = sorted(int(each.version) for each in found)
    if version not in numbers:
        raise WrongUseError(
            f"--version must be a version of {model}. Received: {version}",
            f"There are {', '.join(map(str, numbers)) or 'none'}.",
        )
    return version
