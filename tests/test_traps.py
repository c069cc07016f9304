"""The traps of the libraries: each is shown to be there, and to be avoided.

A trap that a new version has mended fails its test here, and its precaution can go.
These have their place beside what avoids them:

- a resumed training ends in the bytes of one that was left alone, whatever Keras's own
  backup forgets: `training/keras/test_fit.py`
- a stage that fails brings back the outputs that DVC has deleted, and it never waits
  for DVC's lock: `tracking/test_stage.py`, `tracking/test_dvc_entry.py`
- MLflow's limits, and its parameters that never change: `tracking/test_run_log.py`
- a run that `MLFLOW_RUN_ID` names takes nothing in: `tracking/test_stage.py`
- the UI listens on 127.0.0.1 alone: `tracking/test_ui.py`
- no stage imports what it does not need: `stages/`
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import psutil
import pytest
from dvc.exceptions import DvcException
from dvc.repo import Repo
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pedigree.catalogue.read import read_catalogue
from pedigree.errors import WrongUseError
from pedigree.models.architecture import check
from pedigree.params.datasets import Dataset
from pedigree.params.downloads import Download
from pedigree.params.experiments import Experiment
from pedigree.params.features import Features
from pedigree.params.model import Model
from pedigree.pipeline import replace_leaf
from pedigree.sections import FORBIDDEN_KEYS, leaves, load_yaml, parse

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = read_catalogue(ROOT / "catalogue").entries
PARAMS = Path("params.yaml")

TINY = """\
stages:
  copy:
    cmd: cp params.yaml copied.yaml
    deps: [source]
    params: [section]
    outs: [copied.yaml]
"""


class Tiny:
    """A project of one stage, whose output holds the parameters that it was made with.

    What `Repo.reproduce` returns says which stages were not up to date; what the log
    says of running tells one that ran from one that came from the run cache.
    """

    def __init__(self, repo: Repo, log: pytest.LogCaptureFixture) -> None:
        self.repo = repo
        self.log = log

    def repro(self, section: Any = None) -> str:
        """Say whether the stage was left alone, ran, or came from the cache."""
        self.write({"section": section})
        self.log.clear()
        with self.log.at_level("INFO", logger="dvc"):
            stages = self.repo.reproduce()
        if not stages:
            return "nothing"
        return "ran" if "Running stage" in self.log.text else "restored"

    def made_with(self) -> Any:
        return json.loads(Path("copied.yaml").read_text("utf-8"))["section"]

    def write(self, parameters: Any) -> None:
        PARAMS.write_text(json.dumps(parameters), "utf-8")


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Tiny]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("dvc.yaml").write_text(TINY, "utf-8")
    Path("source").write_text("1", "utf-8")
    with Repo.init(no_scm=True) as repo:
        yield Tiny(repo, caplog)


# --- DVC: the run cache -------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FORBIDDEN_KEYS))
def test_dvc_leaves_some_names_out_of_the_key_of_its_run_cache(
    tiny: Tiny, name: str
) -> None:
    for value in (1, 2):
        assert tiny.repro({"deep": [{name: value}], "new": value}) == "ran"
    # Only the harmless name differs from what the cache holds for the first run.
    assert tiny.repro({"deep": [{name: 3}], "new": 1}) == "restored"
    assert tiny.made_with()["deep"] == [{name: 1}]  # a lie

    holders: list[tuple[Any, Any, tuple[Any, ...]]] = [
        (Experiment, ENTRIES["experiments"]["digits_convnet"], ("model",)),
        (Experiment, ENTRIES["experiments"]["digits_convnet"], ("model", "dropout")),
        (Dataset, ENTRIES["datasets"]["digits"], ("table", "files")),
    ]
    for section_type, entry, path in holders:
        holder: Any = entry
        for step in path:
            holder = holder[step]
        wrong = replace_leaf(entry, path, {**holder, name: 1})
        with pytest.raises(WrongUseError, match=f"may be called '{name}'"):
            parse(section_type, wrong, PARAMS)
    from pedigree.data.suite import SuiteFile

    suite = load_yaml(ROOT / "expectations/digits.yaml")
    with pytest.raises(WrongUseError, match=f"may be called '{name}'"):
        parse(SuiteFile, {**suite, "more": {name: 1}}, PARAMS)


def test_dvc_takes_numbers_and_truth_for_the_same(tiny: Tiny) -> None:
    assert tiny.repro({"value": 1}) == "ran"
    assert tiny.repro({"value": True}) == "nothing"
    assert tiny.repro({"value": 1.0}) == "nothing"
    assert tiny.made_with() == {"value": 1}  # see the test of what a stage receives


def test_dvc_overlooks_keys_that_are_no_text(tiny: Tiny) -> None:
    assert tiny.repro({"1": "a"}) == "ran"
    first = tiny.repo.stage.load_one("dvc.yaml", "copy")
    PARAMS.write_text("section: {1: a}\n", "utf-8")
    second = tiny.repo.stage.load_one("dvc.yaml", "copy")
    for stage in (first, second):
        stage.save_deps()
    assert cache_key(section_of(first)) == cache_key(section_of(second))
    for wrong in ({1: "a"}, {True: "a"}, {None: "a"}):
        with pytest.raises(WrongUseError, match="a key must be a text"):
            parse(dict[str, str], wrong, PARAMS)


def test_dvc_stumbles_over_dates_and_runs_again_for_what_is_no_number(
    tiny: Tiny,
) -> None:
    PARAMS.write_text("section: 2020-02-20\n", "utf-8")
    with pytest.raises(Exception, match="Unsupported value of type 'date'"):
        tiny.repo.reproduce()
    PARAMS.write_text("section: .nan\n", "utf-8")
    tiny.repo.reproduce()
    assert tiny.repo.status(), "it is not equal to itself"
    for text, rule in [("2020-02-20", "must be a text"), (".nan", "must be finite")]:
        value = YAML(typ="safe", pure=True).load(f"[{text}]")
        with pytest.raises(WrongUseError, match=rule):
            parse(list[Any], value, PARAMS)


def section_of(stage: Any) -> Any:
    return stage.deps[-1].hash_info.value


def cache_key(parameters: Any) -> str:
    """The name under which DVC's run cache keeps what these parameters made."""
    from dvc.stage.cache import _get_cache_hash

    entry = {
        "cmd": "python -m pedigree.stages.train digits",
        "deps": [{"path": "data", "hash": "md5", "md5": "0a", "size": 1}],
        "params": {"params.yaml": parameters},
        "outs": [{"path": "models/digits", "hash": "md5", "md5": "0b", "size": 2}],
    }
    return str(_get_cache_hash(deepcopy(entry), key=True))


SECTIONS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "downloads": (Download, ()),
    "datasets": (Dataset, ("table",)),
    "features": (Features, ("split", "transform")),
    "experiments": (Experiment, ("model", "train", "evaluate", "register")),
}


def declared(model: Model) -> dict[str, Any]:
    """The fields of a section `model` that all architectures share."""
    return {name: getattr(model, name) for name in Model.model_fields}


def received(section: str, entry: Any) -> list[str] | None:
    """What the stages receive of an entry, types and order included."""
    section_type, parts = SECTIONS[section]
    try:
        parsed = parse(section_type, entry, PARAMS)
        values = [
            getattr(parsed, "register_" if part == "register" else part)
            for part in parts
        ]
        return [
            # Hyperparameters count as their architecture reads them.
            repr(
                (
                    dict(list(each)[: len(Model.model_fields)]),
                    check(each, parsed.train.library),
                )
            )
            if isinstance(each, Model)
            else repr(each)
            for each in values or [parsed]
        ]
    except WrongUseError:
        return None


def tracked(section: str, entry: Any) -> list[Any]:
    parts = SECTIONS[section][1]
    return [entry.get(part) for part in parts] if parts else [entry]


def inner_nodes(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in nested dicts and lists, leaves and holders."""
    yield path
    children: Any = ()
    if isinstance(data, dict):
        children = data.items()
    elif isinstance(data, list):
        children = enumerate(data)
    for key, child in children:
        yield from inner_nodes(child, (*path, key))


def alike(value: Any) -> list[Any]:
    """Values that are easily taken for another one."""
    found: list[Any] = [1, 1.0, True, "1", 0, 0.0, False, None, [], {}, str(value)]
    if isinstance(value, int | float):
        found += [float(value), math.nextafter(value, 9), value + 1e-10, value + 1]
        found += [int(value), -value or 0, value * 10]
    if isinstance(value, str):
        found += [f"{value} ", value.upper(), value[:-1], [value]]
    if isinstance(value, list):
        found += [
            value[::-1],
            value[:-1],
            value + value[:1],
            [value],
            sorted(value, key=str),
        ]
    if isinstance(value, dict):
        backwards = dict(reversed(value.items()))
        renamed = {f"{key}_": inner for key, inner in value.items()}
        fewer = dict(list(value.items())[:-1])
        found += [backwards, renamed, fewer, {**value, "new": None}]
        found += [{k: v for k, v in value.items() if v is not None}]
    return found


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_what_a_stage_receives_differently_dvc_keeps_apart(data: st.DataObject) -> None:
    """Never does the schema tell apart what DVC's comparison or its key confounds.

    So where DVC takes 1 for true, only one of them is accepted, or both mean the same.
    """
    section = data.draw(st.sampled_from(sorted(SECTIONS)))
    entry = ENTRIES[section][data.draw(st.sampled_from(sorted(ENTRIES[section])))]
    path = data.draw(st.sampled_from(sorted(inner_nodes(entry), key=str)))
    value: Any = entry
    for step in path:
        value = value[step]
    pair = [
        replace_leaf(entry, path, data.draw(st.sampled_from([value, *alike(value)])))
        for _ in range(2)
    ]
    meant = [received(section, each) for each in pair]
    if None in meant:
        return
    for first, second, *parts in zip(
        *meant, *(tracked(section, each) for each in pair), strict=True
    ):
        if first != second:
            assert parts[0] != parts[1], "DVC would run nothing"
            assert cache_key(parts[0]) != cache_key(parts[1]), "DVC would restore"


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_every_leaf_of_the_catalogue_is_kept_apart(section: str) -> None:
    """The same as above for all that is like the value that stands there."""
    pairs = 0
    for entry in ENTRIES[section].values():
        meant, parts = received(section, entry), tracked(section, entry)
        assert meant is not None
        for path, value in leaves(entry):
            for other in alike(value):
                changed = replace_leaf(entry, path, other)
                means = received(section, changed)
                if means is None:
                    continue
                for now, then, new, old in zip(
                    means, meant, tracked(section, changed), parts, strict=True
                ):
                    pairs += now != then
                    assert now == then or (
                        new != old and cache_key(new) != cache_key(old)
                    ), (path, value, other)
    assert pairs > 10


def test_going_back_and_forth_never_restores_another_output(tiny: Tiny) -> None:
    values: list[Any] = [0.1, 0.1000000001, "1", 1, 2, [1, 2], [2, 1], [[1], 2]]
    values += [{"a": None}, {}, {"b": None}, {"a": {"b": 1}}, {"a": {"c": 1}}, 1e-300]
    seen: list[str] = []
    for value in [*values, *values[::-1], *values[::2]]:
        text = json.dumps(value)
        expected = "restored" if text in seen else "ran"
        if seen and text == seen[-1]:
            expected = "nothing"
        assert tiny.repro(value) == expected
        assert json.dumps(tiny.made_with()) == text
        seen.append(text)


REASONS = """\
stages:
  cached:
    cmd: cp params.yaml cached
    deps: [source]
    params: [section]
    outs: [cached]
  without_dependency:
    cmd: cp params.yaml without_dependency
    params: [section]
    outs: [without_dependency]
  persistent:
    cmd: cp params.yaml persistent
    deps: [source]
    params: [section]
    outs: [persistent: {persist: true}]
  kept_in_git:
    cmd: cp params.yaml kept_in_git
    deps: [source]
    params: [section]
    outs: [kept_in_git: {cache: false}]
  metric_in_git:
    cmd: cp params.yaml metric.json
    deps: [source]
    params: [section]
    metrics: [metric.json: {cache: false}]
"""


def test_dvc_keeps_only_some_stages_in_its_run_cache(
    project: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("dvc.yaml").write_text(REASONS, "utf-8")
    for section in (1, 2):
        assert tiny.repro(section) == "ran"
    assert tiny.repro(1) == "ran"
    ran = {line.split("'")[1] for line in messages(tiny.log, "Running stage")}
    # A stage with parameters alone has them for its dependency.
    assert ran == {"persistent", "kept_in_git"}

    monkeypatch.chdir(project)
    PARAMS.write_text(json.dumps(ENTRIES), "utf-8")
    with Repo(uninitialized=True) as repo:
        for stage in repo.index.stages:
            assert stage.deps and stage.outs and not stage.always_changed
            assert all(each.protocol == "local" for each in stage.deps + stage.outs)
            for out in stage.outs:
                assert out.is_in_repo and not out.persist
                assert out.use_cache or out.is_metric or out.is_plot


def messages(log: pytest.LogCaptureFixture, start: str) -> list[str]:
    return [each for each in log.messages if each.startswith(start)]


# --- DVC: what it does to files -----------------------------------------------------


def test_dvc_deletes_outputs_before_the_stage_runs(project: Path, tiny: Tiny) -> None:
    from pedigree.training.keras.checkpoint import CHECKPOINTS

    assert tiny.repro(1) == "ran"
    text = TINY.replace("cp params.yaml copied.yaml", "test -e copied.yaml")
    Path("dvc.yaml").write_text(text, "utf-8")
    with pytest.raises(DvcException):
        tiny.repro(2)
    assert not Path("copied.yaml").exists()

    with Repo(str(project), uninitialized=True) as repo:
        outputs = [Path(out.fs_path) for out in repo.index.outs]
    checkpoint = project / CHECKPOINTS / "key"
    for output in outputs:
        assert output != checkpoint
        assert output not in checkpoint.parents and checkpoint not in output.parents
    assert ignored([str(CHECKPOINTS / "key/0.npz")]) == [str(CHECKPOINTS / "key/0.npz")]


def test_dvc_takes_its_lines_in_gitignore_back_when_a_stage_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    monkeypatch.chdir(folder)
    subprocess.run(["git", "init", "--quiet"], check=True)
    stages = "{good: {cmd: echo 1 > out, outs: [out]}, bad: {cmd: exit 1, deps: [out]}}"
    Path("dvc.yaml").write_text(f"stages: {stages}\n", "utf-8")
    with Repo.init() as repo, pytest.raises(DvcException):
        repo.reproduce()
    assert Path("out").exists()
    assert not Path(".gitignore").exists(), "an output of hundreds of megabytes"

    monkeypatch.chdir(project)
    PARAMS.write_text(json.dumps(ENTRIES), "utf-8")
    with Repo(uninitialized=True) as repo:
        assert repo.config["core"]["autostage"] is False
        cached = [out.def_path for out in repo.index.outs if out.use_cache]
        in_git = [out.def_path for out in repo.index.outs if not out.use_cache]
    assert ignored(cached) == cached
    assert ignored(in_git) == []


def ignored(paths: list[str]) -> list[str]:
    """Which of the paths git leaves alone, by the file in the root of the project."""
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_an_interpolation_in_flow_style_needs_quotes() -> None:
    for text in ("{outs: [${key}]}", "{cmd: ${key}}"):
        with pytest.raises(YAMLError):
            YAML(typ="safe", pure=True).load(text)
    for text in ("{outs: ['${key}']}", "{cmd: '${key}'}"):
        YAML(typ="safe", pure=True).load(text)
    assert "stages" in load_yaml(ROOT / "dvc.yaml")


def test_a_second_repro_is_told_who_blocks_it(tiny: Tiny) -> None:
    """DVC names the process; a stage of ours never asks for the lock."""
    text = TINY.replace("cp params.yaml copied.yaml", "echo started; sleep 60")
    Path("dvc.yaml").write_text(text, "utf-8")
    tiny.write({"section": 1})
    command = [sys.executable, "-m", "dvc", "repro"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as first:
        assert first.stdout
        assert any("started" in line for line in first.stdout)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            for process in psutil.Process(first.pid).children(recursive=True):
                process.terminate()
    assert done.returncode != 0
    assert "is busy, it is being blocked by" in done.stderr
    assert f"(PID {first.pid})" in done.stderr


# --- MLflow -------------------------------------------------------------------------


def test_mlflow_refuses_its_former_store_of_files(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from pedigree.tracking.store import open_client

    with pytest.raises(MlflowException):
        MlflowClient(str(store)).search_experiments()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert open_client().tracking_uri == f"sqlite:///{store}/mlflow.db"


def test_mlflow_loads_no_model_after_a_move_unless_its_paths_are_repaired(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    from pedigree.tracking.store import experiment_id, open_client

    client = open_client()
    script = tmp_path / "model.py"
    script.write_text(
        "import mlflow\n"
        "class Echo(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input: list[str]):\n"
        "        return model_input\n"
        "mlflow.models.set_model(Echo())\n"
    )
    with mlflow.start_run(experiment_id=experiment_id(client, "lessons")):
        mlflow.pyfunc.log_model(
            name="echo",
            python_model=str(script),
            registered_model_name="echo",
            pip_requirements=[],
        )
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    store.rename(moved / "mlruns")
    monkeypatch.chdir(moved)
    mlflow.set_tracking_uri(f"sqlite:///{moved}/mlruns/mlflow.db")
    with pytest.raises((mlflow.MlflowException, OSError)):
        mlflow.pyfunc.load_model("models:/echo/1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    open_client()
    assert mlflow.pyfunc.load_model("models:/echo/1").predict(["a"]) == ["a"]


@pytest.mark.parametrize(
    ("prepared", "sends"), [("", "True"), ("_prepare_environment(); ", "False")]
)
def test_mlflow_reports_home_unless_told_not_to(prepared: str, sends: str) -> None:
    switches = ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "PYTEST_CURRENT_TEST", "CI")
    script = (
        "import sys; sys.modules.pop('pytest', None);"
        "from pedigree.tracking.store import _prepare_environment;"
        f"{prepared}"
        "from mlflow.telemetry import utils;"
        "utils._IS_IN_CI_ENV_OR_TESTING = False;"
        "print(not utils.is_telemetry_disabled())"
    )
    environment = {k: v for k, v in os.environ.items() if k not in switches}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == sends


# --- Great Expectations -------------------------------------------------------------


def test_great_expectations_looks_for_a_project_and_is_given_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GX_ANALYTICS_ENABLED", raising=False)
    from pedigree.data.validation import _silent_context

    context = _silent_context()
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert context.config.analytics_enabled is False
    assert type(context).__name__ == "EphemeralDataContext"
    assert list(tmp_path.iterdir()) == []

    import great_expectations as gx

    gx.get_context(mode="file")
    assert [path.name for path in tmp_path.iterdir()] == ["gx"]
