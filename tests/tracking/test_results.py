import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

# DVC's log keeps the stream of its first import: not the one that a runner closes.
import dvc.logger  # noqa: F401
import pytest
from typer.testing import CliRunner
from typer.testing import Result as Output

from pedigree.catalogue.read import read_catalogue
from pedigree.cli.app import app
from pedigree.data.prepared import Meta, write_meta
from pedigree.errors import WrongUseError
from pedigree.params.file import read_parameters
from pedigree.sections import load_yaml
from pedigree.tracking.dvc_entry import DvcEntry
from pedigree.tracking.environment import environment_tags
from pedigree.tracking.results import (
    Lineage,
    Result,
    Settings,
    read_results,
    record,
    scale_of,
    write_results,
)
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.runs import output_tags, start_run
from pedigree.tracking.store import open_client

ID = "breast_cancer_mlp"
FEATURES = "breast_cancer_30"
DATASET = "breast_cancer"

METRICS = {
    "train": {"accuracy": 0.99},
    "validation": {"accuracy": 0.96, "log_loss": 0.2},
    "test": {
        "accuracy": 0.95,
        "log_loss": 0.125,
        "roc_auc_macro": 0.98,
        "f1_macro": 0.94,
        "rows": 114,
        "classes": {"benign": {"recall": 0.97, "support": 72}},
    },
    "intervals": {
        "test": {
            "accuracy": {"low": 0.91, "high": 0.98},
            "classes.benign.recall": {"low": 0.9, "high": 1.0},
            "f1_macro": {"low": 0.9, "high": 0.97},
        }
    },
    "yardstick": {"accuracy": 0.94},
    "best_epoch": {"epoch": 2.0, "val_loss": 0.25},
}
HISTORY = "epoch,loss,accuracy\n1,0.5,0.8\n2,0.25,0.9\n"


def write(path: str, content: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content, "utf-8")


def replace(path: str, old: str, new: str) -> None:
    text = Path(path).read_text("utf-8")
    assert old in text
    Path(path).write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="session")
def measured_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `dvc repro` leaves behind, with small files in the place of its outputs."""
    return tmp_path_factory.mktemp("measured") / "project"


@pytest.fixture
def measured(
    store: Path, measured_template: Path, request: pytest.FixtureRequest
) -> Path:
    if measured_template.exists():
        shutil.copytree(measured_template, store.parent, dirs_exist_ok=True)
        return store.parent
    project: Path = request.getfixturevalue("project")
    from dvc.repo import Repo

    write(f"data/external/{DATASET}/{DATASET}.csv", "bytes")
    write(f"data/raw/{DATASET}/all.parquet", "rows")
    write(f"data/validated/{DATASET}.json", "{}")
    write(f"data/prepared/{FEATURES}/meta.json", "{}")
    write(f"models/{ID}/model.keras", "weights")
    write(f"reports/{ID}/history.csv", HISTORY)
    write(f"reports/{ID}/metrics.json", json.dumps(METRICS))
    write(f"reports/{ID}/predictions.parquet", "predictions")
    write(f"reports/{ID}/classification.csv", "actual,predicted")
    write(f"reports/{ID}/tables/classes.csv", "class")
    for plot in ("confusion.png", "learning_curves.png"):
        write(f"reports/{ID}/plots/{plot}", "1")
    write(f"reports/{ID}/plots/roc.png", "1")
    figures = "test.classes.benign.recall: 0.9, test.nothing: 1"
    published = f"published: {{{figures}}}"
    replace("params.yaml", f"  {ID}:\n", f"  {ID}:\n    {published}\n")
    subprocess.run(["git", "init", "--quiet"], check=True)
    Repo().commit(f"evaluate@{ID}", with_deps=True, force=True)
    shutil.copytree(project, measured_template)
    return project


@pytest.fixture
def trained(measured: Path) -> Callable[..., str]:
    """Make the run of the training, as long as the store's clock says."""

    def make(epochs: int = 2) -> str:
        client = open_client()
        entry = DvcEntry(f"train@{ID}")
        tags = {**environment_tags(), **output_tags(entry.outputs())}
        run = start_run(client, entry, entry.entry, tags)
        for epoch in range(3 - epochs, 3):
            run.log_metrics({"loss": 1 / epoch}, epoch)
        began = client.get_run(run.run_id).info.start_time
        client.set_terminated(run.run_id, "FINISHED", began + 4500)
        return run.run_id

    assert measured.exists()
    return make


def record_one(remark: str | None = None) -> Result:
    return record(ID, read_parameters(), read_catalogue().parameters, remark)


def run(*arguments: str) -> Output:
    return CliRunner().invoke(app, arguments)


def test_the_figures_that_are_compared(trained: Callable[..., str]) -> None:
    trained()
    result = record_one()
    assert result.measured == {
        "test.accuracy": 0.95,
        "test.log_loss": 0.125,
        "test.roc_auc_macro": 0.98,
        "test.classes.benign.recall": 0.97,
        "best_epoch.epoch": 2,
        "validation.accuracy": 0.96,
        "yardstick.accuracy": 0.94,
    }
    assert isinstance(result.measured["best_epoch.epoch"], int)  # a count
    assert result.interval == {
        "test.accuracy": (0.91, 0.98),
        "test.classes.benign.recall": (0.9, 1.0),
    }
    assert (result.confidence, result.epochs, result.seconds) == (0.95, 2, 4.5)
    assert (result.id, result.study, result.remark) == (ID, "quickstart", "")
    section = load_yaml(Path("params.yaml"))["experiments"][ID]
    assert result.settings.model == section["model"]
    assert result.settings.train == section["train"]


def test_the_speed_is_that_of_the_median_epoch(trained: Callable[..., str]) -> None:
    run = RunLog(open_client(), trained())
    assert "train.tokens_per_second" not in record_one().measured
    for epoch, speed in enumerate([2000.0, 9000.0, 9500.0], start=1):
        run.log_metrics({"tokens_per_second": speed}, epoch)
    assert record_one().measured["train.tokens_per_second"] == 9000


def test_a_speed_that_is_published_is_measured(trained: Callable[..., str]) -> None:
    """By the clock of the epochs, and the whole stage's."""
    from dvc.repo import Repo

    published = "train.seconds: 9, train.examples_per_second: 9, test.nothing: 1"
    replace("params.yaml", "test.nothing: 1", published)
    splits = {"train": 100}
    meta = Meta("tabular", "y", None, (3,), None, (), (), splits, {})
    write_meta(Path("data/prepared", FEATURES), meta)
    Repo().commit(f"evaluate@{ID}", with_deps=True, force=True)
    run = RunLog(open_client(), trained(epochs=0))
    for epoch, milliseconds in ((1, 5000), (2, 7000)):
        run.client.log_metric(run.run_id, "loss", 1.0, milliseconds, epoch)
    measured = record_one().measured
    assert measured["train.examples_per_second"] == 50
    assert measured["train.seconds"] == 4.5


def test_the_lineage_is_that_of_the_lock_file(trained: Callable[..., str]) -> None:
    tags = open_client().get_run(trained()).data.tags
    lineage = record_one().lineage
    stages = load_yaml(Path("dvc.lock"))["stages"]
    files = {
        out["path"]: out["md5"]
        for stage in ("fetch", "ingest", "preprocess", "train")
        for address in stages
        if address.startswith(stage)
        for out in stages[address]["outs"]
    }
    del files[f"reports/{ID}/history.csv"]
    assert lineage.hashes == files
    assert set(files) == {
        f"data/external/{DATASET}",
        f"data/raw/{DATASET}",
        f"data/prepared/{FEATURES}",
        f"models/{ID}",
    }
    assert lineage.keys["train"] == tags["dvc.key"]
    assert lineage.keys["evaluate"] == DvcEntry(f"evaluate@{ID}").key
    assert (lineage.git_commit, lineage.git_dirty) == (None, True)


def test_the_hardware_is_that_of_the_training(trained: Callable[..., str]) -> None:
    tags = open_client().get_run(trained()).data.tags
    hardware = record_one().hardware
    assert hardware is not None
    assert hardware.cpu_model == tags["cpu.model"]
    assert str(hardware.cpu_threads) == tags["cpu.threads"]
    assert hardware.packages["keras"] == tags["package.keras"]


def test_a_model_from_a_cache_has_no_duration(measured: Path) -> None:
    assert measured.exists()
    result = record_one()
    assert (result.seconds, result.hardware) == (None, None)
    assert (result.lineage.git_commit, result.lineage.git_dirty) == (None, None)
    assert result.epochs == 2


def test_a_resumed_training_has_no_duration(trained: Callable[..., str]) -> None:
    trained(epochs=1)
    result = record_one()
    assert result.seconds is None and result.hardware is not None


@pytest.mark.parametrize(
    ("old", "new", "scale"),
    [
        ("title: Dense net", "title: Net", "full"),
        ("resamples: 1000", "resamples: 200", "full"),
        ("epochs: 60", "epochs: 6", "reduced"),
        ("hidden: [32, 16]", "hidden: [32, 8]", "reduced"),
        ("scale: standard", "scale: none", "reduced"),
        ("skip_rows: 1", "skip_rows: 2", "reduced"),
        ("fed3eb72", "00000000", "reduced"),
        (f"{ID}:", "ours:", "reduced"),
    ],
)
@pytest.mark.usefixtures("project")
def test_full_is_what_the_catalogue_says(old: str, new: str, scale: str) -> None:
    replace("params.yaml", old, new)
    active, known = read_parameters(), read_catalogue().parameters
    name = ID if ID in active.experiments else "ours"
    assert scale_of(name, active, known) == scale


class TestOutOfDate:
    @pytest.mark.parametrize(
        ("path", "rule"),
        [
            (f"data/external/{DATASET}/{DATASET}.csv", "must be up to date"),
            (f"data/prepared/{FEATURES}/meta.json", "must be up to date"),
            (f"models/{ID}/model.keras", "must be up to date"),
            (f"reports/{ID}/predictions.parquet", f"evaluate@{ID} must be up to date"),
            ("src/pedigree/evaluation/bootstrap.py", f"evaluate@{ID} must be up to"),
        ],
    )
    def test_an_edited_file(self, measured: Path, path: str, rule: str) -> None:
        assert (measured / path).exists()
        write(path, "edited")
        with pytest.raises(WrongUseError, match=rule) as caught:
            record_one()
        assert caught.value.remedy == f"Run `dvc repro evaluate@{ID}`."

    @pytest.mark.parametrize(
        ("old", "new", "stage"),
        [
            ("epochs: 60", "epochs: 6", f"train@{ID}"),
            ("scale: standard", "scale: none", f"preprocess@{FEATURES}"),
        ],
    )
    @pytest.mark.usefixtures("measured")
    def test_an_edited_parameter(self, old: str, new: str, stage: str) -> None:
        replace("params.yaml", old, new)
        with pytest.raises(WrongUseError, match=f"{stage} must be up to date"):
            record_one()

    @pytest.mark.parametrize("path", [f"models/{ID}", f"data/raw/{DATASET}"])
    @pytest.mark.usefixtures("measured")
    def test_a_missing_file(self, path: str) -> None:
        shutil.rmtree(path)
        with pytest.raises(WrongUseError, match=path) as caught:
            record_one()
        assert caught.value.remedy == f"Run `dvc repro evaluate@{ID}`."

    @pytest.mark.usefixtures("measured")
    def test_no_metrics(self) -> None:
        Path("reports", ID, "metrics.json").unlink()
        with pytest.raises(WrongUseError, match="must have been measured"):
            record_one()

    @pytest.mark.usefixtures("measured")
    def test_no_lock_file(self) -> None:
        Path("dvc.lock").unlink()
        with pytest.raises(WrongUseError, match="no entry in dvc"):
            record_one()


RESULT = Result(
    id=ID,
    study="quickstart",
    scale="full",
    measured={"test.accuracy": 0.95, "test.classes.benign.support": 72},
    interval={"test.accuracy": (0.91, 0.98)},
    confidence=0.95,
    seconds=4.5,
    epochs=2,
    settings=Settings(model={"hidden": [32, 16]}, train={"epochs": 2}),
    lineage=Lineage(keys={}, hashes={}, git_commit=None, git_dirty=None),
    hardware=None,
    remark="é | remark",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
class TestFiles:
    def test_a_result_comes_back_and_its_text_is_canonical(self) -> None:
        (path,) = write_results([RESULT])
        assert str(path) == "results/quickstart.json"
        first = path.read_bytes()
        text = json.dumps(
            json.loads(first), indent=2, sort_keys=True, ensure_ascii=False
        )
        assert first.decode() == f"{text}\n"
        assert '"test.classes.benign.support": 72\n' in text
        assert read_results("quickstart") == {ID: RESULT}
        write_results([RESULT])
        assert path.read_bytes() == first
        assert list(path.parent.iterdir()) == [path]

    def test_other_entries_are_kept(self) -> None:
        other = RESULT.model_copy(update={"id": "other"})
        elsewhere = RESULT.model_copy(update={"study": "another"})
        paths = write_results([other, elsewhere])
        assert [path.stem for path in paths] == ["quickstart", "another"]
        write_results([RESULT])
        assert read_results("quickstart") == {ID: RESULT, "other": other}
        assert read_results("another") == {ID: elsewhere}

    def test_an_error_leaves_the_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        (path,) = write_results([RESULT])
        before = path.read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pathlib.Path.replace", full)
        with pytest.raises(OSError, match="No space"):
            write_results([RESULT.model_copy(update={"remark": "new"})])
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize("content", ["{", "[1]", '{"a": {"id": 3}}'])
    def test_a_spoilt_file(self, content: str) -> None:
        write("results/mine.json", content)
        with pytest.raises(WrongUseError, match=r"results/mine\.json") as caught:
            read_results("mine")
        assert "delete it and run `pedigree record`" in caught.value.remedy


class TestCommand:
    def test_what_was_measured_is_recorded(self, trained: Callable[..., str]) -> None:
        trained()
        output = run("record")
        assert output.exit_code == 0, output.stderr
        assert output.stdout.splitlines() == [
            f"recorded {ID} (full)",
            "in results/quickstart.json",
        ]
        assert set(read_results("quickstart")) == {ID}

    def test_a_remark_is_kept_until_another_is_given(
        self, trained: Callable[..., str]
    ) -> None:
        trained()
        for arguments, expected in (
            ([ID, "--remark", "on two cores"], "on two cores"),
            ([ID], "on two cores"),
            ([ID, "--remark", ""], ""),
        ):
            assert run("record", *arguments).exit_code == 0
            assert read_results("quickstart")[ID].remark == expected

    @pytest.mark.parametrize(
        ("arguments", "received"),
        [
            (["weather_mlp"], "'weather_mlp'"),
            (["digits_convnet"], "reports/digits_convnet/metrics.json"),
            ([ID, "digits_convnet"], "reports/digits_convnet/metrics.json"),
            (["--remark", "all"], "none"),
            ([ID, "digits_convnet", "--remark", "both"], f"{ID} digits_convnet"),
        ],
    )
    @pytest.mark.usefixtures("measured")
    def test_wrong_use(self, arguments: list[str], received: str) -> None:
        output = run("record", *arguments)
        assert (output.exit_code, output.stdout) == (2, "")
        rule, _ = output.stderr.splitlines()
        assert received in rule and "Received: " in rule
        assert not Path("results").exists()

    @pytest.mark.usefixtures("measured")
    def test_nothing_measured(self) -> None:
        shutil.rmtree("reports")
        output = run("record")
        assert output.exit_code == 2
        assert output.stderr.splitlines()[1] == "Run `dvc repro`."
