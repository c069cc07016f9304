"""Lineage, verification, rebuilding and synchronising, in a clone that has trained.

The clone is a copy at another place than the one that trained: whatever it answers, it
answers after a move.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from clones import Clone
from pedigree.cli.app import app
from pedigree.errors import WrongUseError
from pedigree.lineage import rebuild
from pedigree.lineage.ancestry import Execution, read_ancestry
from pedigree.lineage.graph import build_graph
from pedigree.lineage.records import MlflowRecords, SqliteRecords, open_records
from pedigree.tracking.store import open_client

EXPERIMENT = "breast_cancer_mlp"
MODEL = "models:/breast-cancer/1"


@pytest.fixture(scope="module")
def checkout(trained, tmp_path_factory):
    return trained[0].copy(tmp_path_factory.mktemp("lineage") / "moved")


@contextmanager
def working_in(folder: Path) -> Iterator[Callable[..., Result]]:
    """Run the command line in this process: its imports take seconds."""
    import mlflow

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # Set and not deleted: opening a store sets it, and that has to be undone.
        patch.setenv("MLFLOW_TRACKING_URI", "")
        yield lambda *arguments: CliRunner().invoke(app, arguments)
        mlflow.set_tracking_uri(None)


@pytest.fixture
def pedigree(checkout) -> Iterator[Callable[..., Result]]:
    with working_in(checkout.folder) as run:
        yield run


@pytest.fixture(scope="module")
def graph(checkout) -> dict:
    with working_in(checkout.folder) as run:
        done = run("lineage", "models:/breast-cancer@challenger", "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def nodes(graph: dict, kind: str) -> dict[str, dict]:
    return {each["name"]: each for each in graph["nodes"] if each["kind"] == kind}


def test_every_way_leads_to_the_source_bytes(checkout, graph):
    known = {each["id"] for each in graph["nodes"]}
    below = {start: set() for start in known}
    for start, end in graph["edges"]:
        below[start].add(end)
    leaves = {identity for identity in known if not below[identity]}
    kinds = {each["id"]: each["kind"] for each in graph["nodes"]}
    # Where a way ends, it ends in source bytes, or in what shaped a step.
    assert {kinds[each] for each in leaves} == {"source", "run", "parameters", "code"}
    assert set(kinds.values()) == {
        *("model_version", "run", "stage", "parameters", "code"),
        *("artifact", "dataset", "source"),
    }
    (source,) = nodes(graph, "source").values()
    content = checkout.read("data/external/breast_cancer/breast_cancer.csv")
    assert source["hash"] == hashlib.sha256(content).hexdigest()
    stages = {name.partition("@")[0] for name in nodes(graph, "stage")}
    assert stages == {"fetch", "ingest", "validate", "preprocess", "train"}


def test_each_node_bears_the_hash_of_its_content(checkout, graph):
    code = nodes(graph, "code")
    assert "expectations/breast_cancer.yaml" in code
    assert "src/pedigree/models/mlp.py" in code
    assert "src/pedigree/models/convnet.py" not in code
    for name, each in code.items():
        assert each["hash"] == hash_of_code(checkout, name)
    lock = checkout.read("dvc.lock").decode()
    for name, each in (nodes(graph, "dataset") | nodes(graph, "artifact")).items():
        assert re.search(rf"path: {name}\n *hash: md5\n *md5: {each['hash']}\n", lock)


def hash_of_code(checkout: Clone, name: str) -> str:
    """Hash a file, or the modules of a folder and nothing else, as DVC does."""
    if (checkout.folder / name).is_file():
        return hashlib.md5(checkout.read(name)).hexdigest()
    listed = [
        {
            "md5": hashlib.md5(path.read_bytes()).hexdigest(),
            "relpath": path.relative_to(checkout.folder / name).as_posix(),
        }
        for path in sorted((checkout.folder / name).rglob("*.py"))
    ]
    return hashlib.md5(json.dumps(listed).encode()).hexdigest() + ".dir"


def test_each_step_names_its_parameters_commit_and_environment(checkout, graph):
    parameters = {
        section: values
        for each in nodes(graph, "parameters").values()
        for section, values in each["values"].items()
    }
    assert parameters[f"experiments.{EXPERIMENT}.train"]["epochs"] == 3
    assert "datasets.breast_cancer.table" in parameters
    assert "features.breast_cancer_30.split" in parameters
    log = checkout.attempt("git", "rev-list", "HEAD").stdout.split()
    for run in nodes(graph, "run").values():
        assert run["commit"] == log[-1] and run["dirty"] is False
        assert run["environment"]["package.tensorflow"]


def test_the_tree_shows_what_the_graph_holds(pedigree, graph):
    done = pedigree("lineage", MODEL)
    assert done.exit_code == 0, done.stderr
    for each in graph["nodes"]:
        shown = each["values"] if each["kind"] == "parameters" else [each["name"]]
        for text in shown:
            assert text in done.stdout
    assert "train.epochs" not in done.stdout and "epochs = 3" in done.stdout


def test_the_page_is_whole_and_loads_nothing(pedigree, graph, tmp_path):
    path = tmp_path / "lineage.html"
    done = pedigree("lineage", MODEL, "--html", str(path))
    assert done.exit_code == 0, done.stderr
    page = path.read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    for each in graph["nodes"]:
        if each["kind"] in ("dataset", "artifact", "code", "source"):
            assert each["name"] in page and each["hash"] in page
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{anchor}"' in page


def test_mlflow_itself_records_the_same(checkout):
    """The local store is read in SQL; any other one through MLflow's client."""
    with working_in(checkout.folder):
        quick = open_records()
        slow = MlflowRecords(open_client())
        assert isinstance(quick, SqliteRecords)
        assert quick.versions() == slow.versions() != []
        assert quick.versions("breast") == slow.versions("breast") == []
        ancestries = [read_ancestry(each, MODEL) for each in (quick, slow)]
        first, second = [build_graph(each) for each in ancestries]
        assert first == second
        for each in ancestries[0].executions:
            for item in each.outputs.items():
                times = (0, each.started - 1, each.started, each.started + 1)
                for before in times:
                    assert quick.maker(*item, before) == slow.maker(*item, before)
        assert quick.maker("data/raw/breast_cancer", "0") is None
        assert slow.maker("data/raw/breast_cancer", "0") is None
        for each in (quick, slow):
            with pytest.raises(WrongUseError, match="Received: no 0a"):
                each.run("0a")


@pytest.mark.parametrize(
    "path",
    [
        "data/external/breast_cancer",
        "data/raw/breast_cancer/",
        "expectations/breast_cancer.yaml",
        "src/pedigree/data/formats/csv.py",
        "src/pedigree/training/keras",
        "src/pedigree/training/keras/fit.py",
    ],
)
def test_a_path_leads_to_the_versions_that_descend_from_it(pedigree, path):
    done = pedigree("lineage", path, "--json")
    (found,) = json.loads(done.stdout)
    assert (found["uri"], found["experiment"]) == (MODEL, EXPERIMENT)
    assert found["aliases"] == ["challenger"]


@pytest.mark.parametrize(
    "path", ["data/external/breast", "src/pedigree/training/numpy/train.py"]
)
def test_nothing_descends_from_another_path(pedigree, path):
    done = pedigree("lineage", path)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "No model version descends" in done.stderr


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("models:/breast-cancer/2", "MODEL_URI must name a registered version"),
        ("models:/breast-cancer@champion", "MODEL_URI must name a registered version"),
        ("models:/other/1", "Registered are models:/breast-cancer/1."),
        ("models:/breast-cancer", "MODEL_URI must be models:/NAME@ALIAS"),
    ],
)
def test_an_unknown_version(pedigree, uri, said):
    for command in ("lineage", "verify", "rebuild"):
        done = pedigree(command, uri)
        assert done.exit_code == 2
        assert said in done.stderr
        assert len(done.stderr.strip().splitlines()) == 2


@contextmanager
def flipped(path: Path) -> Iterator[None]:
    """Flip one bit in the middle of a file; neither its length nor its time changes."""
    content, status = path.read_bytes(), path.stat()
    other = bytearray(content)
    other[len(other) // 2] ^= 1
    writable = status.st_mode | 0o200
    path.chmod(writable)
    path.write_bytes(other)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    try:
        yield
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        path.chmod(status.st_mode)


def test_what_is_as_recorded_is_verified(pedigree):
    done = pedigree("verify", MODEL)
    assert done.exit_code == 0, done.stderr
    assert "data/raw/breast_cancer  (workspace, cache)" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "data/external/breast_cancer/breast_cancer.csv",
        "data/raw/breast_cancer/all.parquet",
        "data/validated/breast_cancer.json",
        "data/prepared/breast_cancer_30/train/x.npy",
        "data/prepared/breast_cancer_30/transform/tabular.skops",
        f"models/{EXPERIMENT}/model.keras",
    ],
)
def test_a_flipped_bit_in_the_workspace_is_named(pedigree, checkout, name):
    with flipped(checkout.folder / name):
        done = pedigree("verify", MODEL)
    assert done.exit_code == 1
    assert name in done.stderr and "in the workspace" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2


@pytest.mark.parametrize("name", ["data/raw/breast_cancer", f"models/{EXPERIMENT}"])
def test_a_flipped_bit_in_the_cache_is_named(pedigree, checkout, graph, name):
    (each,) = [each for each in graph["nodes"] if each["name"] == name]
    value = each["hash"]
    listing = checkout.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]
    file, *_ = json.loads(listing.read_bytes())
    path = listing.parents[1] / file["md5"][:2] / file["md5"][2:]
    for each in (path, listing):
        with flipped(each):
            done = pedigree("verify", MODEL)
        assert done.exit_code == 1
        assert name in done.stderr and "in DVC's cache" in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "artifacts/model.keras",
        "artifacts/meta.json",
        "artifacts/outputs.json",
        "code/pedigree/data/transforms/tabular.py",
        "MLmodel",
        "manifest.json",
    ],
)
def test_a_flipped_bit_in_the_logged_model_is_named(pedigree, checkout, name):
    (folder,) = (checkout.folder / "mlruns/artifacts").glob("*/models/*/artifacts")
    with flipped(folder / name):
        done = pedigree("verify", MODEL)
    assert done.exit_code == 1
    assert f"{name} differs in the MLflow artifact" in done.stderr


@pytest.mark.parametrize(
    ("edited", "shown"),
    [("models/mlp.py", "models/mlp.py"), ("training/keras/fit.py", "training/keras")],
)
def test_code_is_looked_up_in_the_commit_that_ran(pedigree, checkout, edited, shown):
    path = checkout.folder / "src/pedigree" / edited
    content = path.read_text()
    path.write_text(f"{content}\n# A later thought.\n")
    try:
        done = pedigree("verify", MODEL)
        assert done.exit_code == 0, done.stderr
        assert re.search(rf"{shown}  \(commit [0-9a-f]{{10}}\)", done.stdout)
    finally:
        path.write_text(content)


def test_code_that_is_in_no_commit_is_a_fault(pedigree, checkout):
    query = "update tags set value = '{}' where key = 'git.commit'"
    log = checkout.run("git", "rev-list", "HEAD").split()
    path = checkout.folder / "src/pedigree/training/keras/fit.py"
    content = path.read_text()
    path.write_text(f"{content}\n# A later thought.\n")
    try:
        for commit, said in [("0" * 40, "nor the commit 0000"), ("none", "no commit")]:
            with sqlite3.connect(checkout.folder / "mlruns/mlflow.db") as store:
                store.execute(query.format(commit))
            done = pedigree("verify", MODEL)
            assert done.exit_code == 1
            assert "src/pedigree/training/keras: neither the work" in done.stderr
            assert said in done.stderr
    finally:
        path.write_text(content)
        with sqlite3.connect(checkout.folder / "mlruns/mlflow.db") as store:
            store.execute(query.format(log[-1]))


def test_an_older_version_is_verified_in_the_cache_alone(checkout, tmp_path):
    older = checkout.copy(tmp_path / "older")
    older.change("features", "breast_cancer_30", "split", "test", "seed", value=1)
    assert older.repro("preprocess@breast_cancer_30")
    with working_in(older.folder) as run:
        done = run("verify", MODEL)
        assert done.exit_code == 0, done.stderr
        assert "data/prepared/breast_cancer_30  (cache)" in done.stdout
        shutil.rmtree(older.folder / ".dvc/cache/files")
        done = run("verify", MODEL)
    assert done.exit_code == 1
    assert "neither workspace nor DVC's cache holds data/prepared/" in done.stderr


def test_a_version_is_rebuilt_byte_for_byte(checkout):
    """In a folder of its own: neither the workspace nor the store changes."""
    store = checkout.rows("select run_uuid, status from runs")
    outputs = checkout.outputs()
    done = checkout.attempt("pedigree", "rebuild", MODEL)
    assert done.returncode == 0, done.stderr
    assert f"{MODEL} is byte-identical" in done.stdout
    for stage in ("ingest", "validate", "preprocess", "train"):
        assert f"{stage}@" in done.stdout
    assert checkout.rows("select run_uuid, status from runs") == store
    assert checkout.outputs() == outputs
    assert len(checkout.attempt("git", "worktree", "list").stdout.splitlines()) == 1


def comparison(checkout) -> dict[str, object]:
    """What the UI compares: figures and parameters of each run, and the versions."""
    runs = checkout.rows(
        "select run_uuid, name from runs where lifecycle_stage = 'active'"
    )
    latest = "select key, value from latest_metrics where run_uuid = '{}'"
    every = "select key, value, step from metrics where run_uuid = '{}'"
    values = "select key, value from params where run_uuid = '{}'"
    return {
        name: [
            sorted(checkout.rows(query.format(run)))
            for query in (latest, every, values)
        ]
        for run, name in runs
    } | {
        "versions": checkout.rows("select name, version from model_versions"),
        "aliases": checkout.rows("select * from registered_model_aliases"),
        "descriptions": checkout.rows("select description from model_versions"),
    }


def test_a_clone_that_pulls_and_syncs_shows_the_same_comparison(
    trained, checkout, tmp_path
):
    remote, folder = tmp_path / "remote", tmp_path / "pulled"
    for command in (
        ["dvc", "remote", "add", "--local", "--default", "storage", str(remote)],
        ["dvc", "push", "--quiet"],
        ["git", "clone", "--quiet", str(checkout.folder), str(folder)],
    ):
        checkout.run(*command)
    pulled = Clone(folder)
    assert pulled.attempt("pedigree", "sync").stdout == "", "nothing is here yet"
    pulled.attempt(
        "dvc", "remote", "add", "--local", "--default", "storage", str(remote)
    )
    assert pulled.attempt("dvc", "pull").returncode == 0
    done = pulled.attempt("pedigree", "sync")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == trained[1]
    assert comparison(pulled) == comparison(checkout)
    runs = pulled.rows("select run_uuid from runs")
    done = pulled.attempt("pedigree", "sync")
    assert done.stdout == ""
    assert pulled.rows("select run_uuid from runs") == runs
    # What the clone holds, and what its store says, stands up to an examination.
    assert pulled.repro() == []
    with working_in(folder) as run:
        done = run("verify", MODEL)
    assert done.exit_code == 0, done.stderr


@pytest.fixture(scope="module")
def put_by_hand(checkout, tmp_path_factory) -> Clone:
    """A clone whose source file nobody downloaded, and whose store knows nothing."""
    folder = tmp_path_factory.mktemp("by hand") / "project"
    clone = checkout.copy(folder)
    shutil.rmtree(folder / "mlruns")
    shutil.rmtree(folder / ".dvc/cache")
    text = (folder / "params.yaml").read_text("utf-8")
    datasets = text[text.index("\ndatasets:") :]
    (folder / "params.yaml").write_text(f"downloads: {{}}\n{datasets}", "utf-8")
    clone.commit("Put the file there by hand")
    with working_in(folder) as run:
        done = run("sync")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.split()[0] == "ingest@breast_cancer"
    return clone


def test_a_file_put_by_hand_is_a_source(put_by_hand):
    with working_in(put_by_hand.folder) as run:
        graph = json.loads(run("lineage", MODEL, "--json").stdout)
        verified = run("verify", MODEL)
        text = run("lineage", MODEL).stdout
    content = put_by_hand.read("data/external/breast_cancer/breast_cancer.csv")
    (source,) = nodes(graph, "source").values()
    assert source["hash"] == hashlib.sha256(content).hexdigest()
    assert source["origin"] == "data/external/breast_cancer"
    (dataset,) = [start for start, end in graph["edges"] if end == source["id"]]
    assert dataset.startswith("dataset:data/external/breast_cancer@")
    assert "breast_cancer.csv sha256" in text
    assert verified.exit_code == 0, verified.stderr


def test_a_changed_file_put_by_hand_is_named(put_by_hand):
    name = "data/external/breast_cancer/breast_cancer.csv"
    with working_in(put_by_hand.folder) as run, flipped(put_by_hand.folder / name):
        done = run("verify", MODEL)
        assert done.exit_code == 1
        assert name in done.stderr
        done = run("rebuild", MODEL)
    assert done.exit_code == 2
    assert "data/external/breast_cancer must hold what ingest@" in done.stderr
    assert len(put_by_hand.run("git", "worktree", "list").splitlines()) == 1


def test_a_model_from_uncommitted_code_is_not_rebuilt(put_by_hand):
    """The commit that a run names must hold the code that it ran."""
    query = "update tags set value = '{}' where key = 'git.commit'"
    log = put_by_hand.run("git", "rev-list", "HEAD").split()
    path = put_by_hand.folder / "src/pedigree/models/mlp.py"
    content = path.read_text()
    path.write_text(f"{content}\n# Another thought.\n")
    put_by_hand.commit("Another thought")
    after = put_by_hand.run("git", "rev-list", "HEAD").split()[0]
    path.write_text(content)
    for commit, code, said in (
        (after, 1, "must hold the code that train@breast_cancer_mlp ran"),
        ("0" * 40, 2, "must be in this repository"),
        ("none", 2, "a training outside of any commit"),
    ):
        with sqlite3.connect(put_by_hand.folder / "mlruns/mlflow.db") as store:
            store.execute(query.format(commit))
        with working_in(put_by_hand.folder) as run:
            done = run("rebuild", MODEL)
        assert (done.exit_code, said in done.stderr) == (code, True), done.stderr
    with sqlite3.connect(put_by_hand.folder / "mlruns/mlflow.db") as store:
        store.execute(query.format(log[0]))


def test_a_gap_is_said_and_is_no_lineage(put_by_hand):
    with sqlite3.connect(put_by_hand.folder / "mlruns/mlflow.db") as store:
        store.execute(
            "update runs set lifecycle_stage = 'deleted' where name like 'validate@%'"
        )
    with working_in(put_by_hand.folder) as run:
        shown, verified = run("lineage", MODEL), run("verify", MODEL)
        rebuilt = run("rebuild", MODEL)
        assert "no run tells how it was made" in shown.stdout
        assert shown.exit_code == 1 and "must reach the source bytes" in shown.stderr
        assert verified.exit_code == 1
        assert "no run tells how data/validated/breast_cancer.json" in verified.stderr
        assert rebuilt.exit_code == 2 and "must have a run" in rebuilt.stderr
        assert run("sync").stdout.split() == ["validate@breast_cancer"]
        assert run("verify", MODEL).exit_code == 0


def test_a_run_whose_record_was_edited_is_refused(put_by_hand):
    query = f"select artifact_uri from runs where name = 'train@{EXPERIMENT}'"
    ((folder,),) = put_by_hand.rows(query)
    entry = Path(folder, "lock_entry.json")
    content = entry.read_text()
    entry.write_text(content.replace("pedigree.stages", "pedigree.other"))
    with working_in(put_by_hand.folder) as run:
        done = run("lineage", MODEL)
    entry.write_text(content)
    assert done.exit_code == 2
    assert "must have the key" in done.stderr


@pytest.fixture
def rerun(checkout, monkeypatch) -> dict[str, str]:
    """Stages that run in no time: their outputs are copied, and one of them changed.

    Returns:
        What ran, each with "" or the output to change.
    """
    ran: dict[str, str] = {}

    def run(execution: Execution, folder: Path) -> float:
        changed = ran.setdefault(execution.address, "")
        for path in execution.outputs:
            source, target = checkout.folder / path, folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, target)
        if changed:
            (folder / changed).write_bytes(b"other bytes")
        return 0.0

    monkeypatch.setattr(rebuild, "_run", run)
    return ran


def test_the_first_stage_that_writes_other_bytes_is_named(pedigree, rerun):
    assert pedigree("rebuild", MODEL).exit_code == 0
    stages = ["ingest", "validate", "preprocess", "train"]
    assert [address.partition("@")[0] for address in rerun] == stages
    rerun.clear()
    rerun["preprocess@breast_cancer_30"] = "data/prepared/breast_cancer_30/meta.json"
    done = pedigree("rebuild", MODEL)
    assert done.exit_code == 1
    assert "preprocess@breast_cancer_30 must write the same bytes again" in done.stderr
    assert "data/prepared/breast_cancer_30/meta.json has the md5" in done.stderr
    assert f"train@{EXPERIMENT}" not in rerun
    assert len(done.stderr.strip().splitlines()) == 2


def test_what_is_here_no_more_is_fetched_again(checkout, rerun, tmp_path):
    folder = tmp_path / "emptied"
    checkout.copy(folder)
    shutil.rmtree(folder / "data/external")
    shutil.rmtree(folder / ".dvc/cache")
    with working_in(folder) as run:
        assert run("rebuild", MODEL).exit_code == 0
    assert next(iter(rerun)) == "fetch@breast_cancer"


def test_other_packages_are_told(checkout, pedigree, rerun):
    tag = "key = 'package.numpy'"
    with sqlite3.connect(checkout.folder / "mlruns/mlflow.db") as store:
        (before,) = store.execute(f"select value from tags where {tag}").fetchone()
        store.execute(f"update tags set value = '1.0' where {tag}")
        store.commit()
        done = pedigree("rebuild", MODEL)
        store.execute(f"update tags set value = '{before}' where {tag}")
    assert rerun and done.exit_code == 0
    assert f"package.numpy was 1.0 and is {before}" in done.stderr
