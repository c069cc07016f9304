"""The commands on a model that Keras has trained: killed at random, and two at once."""

import json
import random
import signal
import subprocess
import time

import pytest

MODEL = "breast-cancer"


@pytest.fixture
def clone(trained, tmp_path):
    clone = trained[0].copy(tmp_path / "promotion")
    gate = ("promotion", MODEL)
    clone.change(*gate, "minimum", value=0.5)
    clone.change(*gate, "class_floors", value={})
    clone.change(*gate, "milliseconds_per_row", value=60_000)
    return clone


def look(clone) -> tuple[list[str], list[tuple[int]]]:
    history = json.loads(clone.run("pedigree", "history", MODEL, "--json"))
    query = "select version from registered_model_aliases where alias = 'champion'"
    return [each["decision"] for each in history], clone.rows(query)


@pytest.mark.slow
def test_a_kill_at_any_time_leaves_a_history_that_is_true(clone):
    started = time.monotonic()
    whole = clone.copy(clone.folder.parent / "whole")
    whole.run("pedigree", "promote", MODEL)
    seconds = time.monotonic() - started
    assert look(whole) == (["promoted"], [(1,)])
    # Half of the kills fall into the last fifth, where everything is written.
    generator = random.Random(0)
    for number in range(6):
        low = 0.8 * seconds if number % 2 else 0.0
        process = clone.start("pedigree", "promote", MODEL)
        try:
            process.communicate(timeout=generator.uniform(low, 1.05 * seconds))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        decisions, champion = look(clone)
        moved = [each for each in decisions if each == "promoted"]
        assert set(decisions) <= {"promoted", "interrupted", "refused"}
        assert champion == ([(1,)] if moved else [])
        if champion:
            clone.run("pedigree", "verify", f"models:/{MODEL}@champion")


@pytest.mark.slow
def test_of_two_at_once_one_wins_and_none_is_lost(clone):
    running = [clone.start("pedigree", "promote", MODEL) for _ in range(2)]
    codes = sorted(each.wait() for each in running)
    assert codes == [0, 1]
    assert look(clone) == (["promoted", "refused"], [(1,)])
