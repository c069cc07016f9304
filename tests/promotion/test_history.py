"""Kills at every point, and two at once: the alias and the history agree afterwards.

One process imports MLflow and forks: each child works on a store of its own, and is
killed before its n-th write.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pedigree.promotion.history import Decision, champions

COMMON = """
import json, os, shutil, signal, sys, time, traceback
from pathlib import Path

import mlflow.store.tracking.sqlalchemy_store, mlflow.store.model_registry
from pedigree.promotion import promote as promotion
from pedigree.promotion.history import (
    Decision, aliases, read_history, settle, write_decision
)
from pedigree.tracking.store import open_client

WRITES = (
    "create_run", "set_registered_model_alias", "log_batch", "log_dict",
    "set_model_version_tag", "set_terminated",
)


def fork(work, *arguments):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(*arguments)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    return child


def wait(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_before(client, point):
    # 0: before the first write; as many as there are: after the last one.
    count = 0

    def counting(write):
        def counted(*arguments, **named):
            nonlocal count
            if count == point:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            return write(*arguments, **named)
        return counted

    for name in WRITES:
        setattr(client, name, counting(getattr(client, name)))


def look():
    client = open_client()
    settle(client, "rain")
    number = client.get_experiment_by_name("promotion")
    runs = client.search_runs([number.experiment_id]) if number else []
    decisions = read_history(client, "rain")
    artifacts = [
        json.loads(Path(client.download_artifacts(run.info.run_id, "decision.json"))
                   .read_text()) for run in reversed(runs)
    ]
    print(json.dumps({
        "alias": aliases(client, "rain").get("champion"),
        "history": [each.as_json() for each in decisions],
        "artifacts": sorted(artifacts, key=lambda each: each["time"]),
        "running": [run.info.status for run in runs].count("RUNNING"),
        "tags": [v.tags for v in client.search_model_versions("name = 'rain'")],
    }), flush=True)
"""

KILLS = (
    COMMON
    + """
def write(word, point):
    client = open_client()
    start, end = (1, 2) if word == "promoted" else (2, 1)
    kill_before(client, point)
    write_decision(client, "rain", Decision(start, end, word, "because", {"a": 1}))
    os.kill(os.getpid(), signal.SIGKILL)


def look_and_go_on(end):
    look()
    look()
    client = open_client()
    now = int(aliases(client, "rain")["champion"])
    if now != end:
        write_decision(client, "rain", Decision(now, end, "promoted", "again"))
    look()


def promote_second():
    write_decision(open_client(), "rain", Decision(1, 2, "promoted", "the second"))


template = Path.cwd()
second = template.parent / "second"
shutil.copytree(template, second)
os.chdir(second)
assert wait(fork(promote_second)) == 0
for word, end, points in (("promoted", 2, range(7)), ("rolled back", 1, range(3))):
    for point in points:
        folder = template.parent / f"{word} {point}"
        shutil.copytree(template if word == "promoted" else second, folder)
        os.chdir(folder)
        assert wait(fork(write, word, point)) == -signal.SIGKILL
        print(word, point, flush=True)
        assert wait(fork(look_and_go_on, end)) == 0
"""
)

RACE = (
    COMMON
    + """
def examine(client, gate, model, number, champion, findings):
    time.sleep(0.3)
    findings.add("test", "any", "any", True)


promotion._examine = examine
template = Path.cwd()
for asked in ((2, 3), (2, 2)):
    folder = template.parent / f"race {asked}"
    shutil.copytree(template, folder)
    os.chdir(folder)
    children = [fork(promotion.promote, "rain", number) for number in asked]
    assert [wait(child) for child in children] == [0, 0]
    assert wait(fork(look)) == 0
"""
)

GATE = """\
promotion:
  rain:
    metric: accuracy
    minimum: 0.5
    margin: 0.0
    significance: 0.05
    milliseconds_per_row: 1000
    archive_bytes: 1000
    expectations: critical
    lineage: complete
"""


@pytest.fixture(scope="module")
def template(store_template, tmp_path_factory) -> Path:
    """A store with three versions; the first one is the champion, as decided."""
    import mlflow

    from pedigree.promotion.history import write_decision
    from pedigree.tracking.store import open_client

    folder = tmp_path_factory.mktemp("kills") / "template"
    shutil.copytree(store_template, folder / "mlruns")
    (folder / "params.yaml").write_text(GATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", "")
        client = open_client()
        client.create_registered_model("rain")
        for _ in range(3):
            client.create_model_version("rain", str(folder))
        write_decision(client, "rain", Decision(None, 1, "promoted", "the first"))
        mlflow.set_tracking_uri(None)
    return folder


def run(script: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | {"MLFLOW_TRACKING_URI": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


def check(seen: dict) -> list[tuple]:
    """What must hold whenever somebody looks."""
    assert seen["running"] == 0
    assert seen["history"] == seen["artifacts"]
    history = [(each["from"], each["to"], each["decision"]) for each in seen["history"]]
    effective = [to for _, to, word in history if word in ("promoted", "rolled back")]
    assert effective[-1] == int(seen["alias"])
    for each in seen["history"]:
        name = f"pedigree.decision.{each['time']}"
        said = [tags[name] for tags in seen["tags"] if name in tags]
        assert said == [f"{each['decision']}: {each['reason']}"]
    return history


def test_a_kill_at_any_write_leaves_alias_and_history_in_agreement(template):
    lines = iter(run(KILLS, template))
    outcomes = {}
    for line in lines:
        word, _, point = line.rpartition(" ")
        first, second, after = (json.loads(next(lines)) for _ in range(3))
        assert first == second, "the first look settles it"
        history = check(first)
        before = 1 if word == "promoted" else 2
        (happened,) = history[before:] or [None]
        outcomes[word, int(point)] = happened and happened[2]
        start, end = (1, 2) if word == "promoted" else (2, 1)
        moved = happened is not None and happened[2] == word
        assert int(first["alias"]) == (end if moved else start)
        assert check(after) and int(after["alias"]) == end
    for word, points in (("promoted", 7), ("rolled back", 3)):
        found = [outcomes[word, point] for point in range(points)]
        # Before anything is written; then the intent; then the alias has moved.
        assert found[:3] == [None, "interrupted", word]
        assert set(found[2:]) == {word}


def test_two_at_once_come_one_after_the_other(template):
    different, same = (json.loads(line) for line in run(RACE, template))
    history = check(different)
    assert len(history) == 3 and {each[2] for each in history} == {"promoted"}
    assert history[1][0] == 1 and history[2][0] == history[1][1]
    assert {history[1][1], history[2][1]} == {2, 3}
    assert check(same)[1:] == [(1, 2, "promoted"), (2, 2, "refused")]


def test_champions_are_those_to_return_to():
    def told(*moves):
        return champions(Decision(*move, "") for move in moves)

    assert told() == []
    up = [(None, 1, "promoted"), (1, 2, "promoted"), (2, 3, "promoted")]
    assert told(*up, (3, 1, "refused"), (3, 1, "interrupted")) == [3, 2, 1]
    assert told(*up, (3, 2, "rolled back")) == [2, 1]
    assert told(*up, (3, 2, "rolled back"), (2, 4, "promoted")) == [4, 2, 1]
    assert told(*up, (3, 7, "moved")) == [7, 3, 2, 1]
