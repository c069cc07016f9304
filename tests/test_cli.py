import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

# DVC's log keeps the stream of its first import: not the one that a runner closes.
import dvc.logger  # noqa: F401
import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from pedigree.catalogue.read import read_catalogue
from pedigree.cli.app import app
from pedigree.cli.summary import input_shape
from pedigree.data.raw import write_split
from pedigree.errors import PedigreeError, WrongUseError
from pedigree.params.file import read_parameters

ROOT = Path(__file__).resolve().parents[1]

# Imports of these cost seconds, and no command but `ui` needs them.
HEAVY = ("tensorflow", "mlflow", "great_expectations")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def two_lines(result: Result, exit_code: int = 2) -> tuple[str, str]:
    assert result.exit_code == exit_code
    assert result.stdout == ""
    rule, remedy = result.stderr.splitlines()
    assert "Received: " in rule
    return rule, remedy


def listed(*arguments: str) -> dict[str, dict[str, object]]:
    result = run("list", "--json", *arguments)
    assert result.exit_code == 0
    return {row["id"]: row for row in json.loads(result.stdout)}


@pytest.mark.usefixtures("project")
class TestList:
    def test_json_holds_every_entry(self) -> None:
        rows = listed()
        assert rows["digits_convnet"] == {
            "id": "digits_convnet",
            "study": "quickstart",
            "dataset": "digits",
            "active": True,
        }
        assert rows["weather_mlp"]["active"] is False
        assert rows["fashion_bn_cnn_grid"] == {
            "id": "fashion_bn_cnn_grid",
            "study": "seed_004",
            "dataset": "fashion_mnist",
            "active": False,
            "search_of": "fashion_bn_cnn_final",
        }
        assert set(rows) == set(read_catalogue().select(every=True))

    def test_a_study_alone(self) -> None:
        studies = {row["study"] for row in listed("--study", "seed_000").values()}
        assert studies == {"seed_000"}

    def test_the_table_says_what_is_a_search(self) -> None:
        shown = run("list", "--study", "seed_004").stdout
        (line,) = [row for row in shown.splitlines() if "fashion_bn_cnn_grid" in row]
        assert line.split() == ["fashion_bn_cnn_grid", "fashion_bn_cnn_final"]

    def test_an_unknown_study(self) -> None:
        rule, remedy = two_lines(run("list", "--study", "seed_00"))
        assert "'seed_00'" in rule
        assert remedy == "Close to it: seed_004, seed_003, seed_002."

    def test_an_experiment_of_our_own_is_listed(self, project: Path) -> None:
        text = (project / "params.yaml").read_text("utf-8")
        text = text.replace("digits_convnet:", "ours:").replace("quickstart", "mine")
        (project / "params.yaml").write_text(text, "utf-8")
        assert listed("--study", "mine")["ours"]["active"] is True
        assert listed()["digits_convnet"]["active"] is False

    def test_the_table_shows_ids_whole(self) -> None:
        result = run("list")
        assert result.exit_code == 0
        # An id that is wider than its column goes on in the next line.
        for name in read_catalogue().parameters.experiments:
            assert name[:24] in result.stdout


@pytest.mark.usefixtures("project")
class TestActivate:
    def test_by_id(self) -> None:
        result = run("activate", "weather_fnn_1_2_1")
        assert result.exit_code == 0
        assert "added to experiments: weather_fnn_1_2_1" in result.stdout
        assert "added to datasets: weather_aus" in result.stdout
        assert listed()["weather_fnn_1_2_1"]["active"]
        assert "weather_aus" in read_parameters().downloads

    def test_by_study_and_all(self) -> None:
        assert run("activate", "--study", "seed_000").exit_code == 0
        rows = listed("--study", "seed_000")
        assert rows and all(row["active"] for row in rows.values())
        assert run("deactivate", "--all").exit_code == 0
        assert not any(row["active"] for row in listed().values())
        assert read_parameters().downloads == {}
        assert run("activate", "--all").exit_code == 0
        rows = listed()
        assert all(rows[name]["active"] for name in read_catalogue().select(every=True))

    def test_a_search_comes_with_its_experiment_and_leaves_with_it(self) -> None:
        result = run("activate", "fashion_bn_cnn_grid")
        assert "added to experiments: fashion_bn_cnn_final" in result.stdout
        assert "added to searches: fashion_bn_cnn_grid" in result.stdout
        assert run("check").exit_code == 0
        result = run("deactivate", "fashion_bn_cnn_final")
        assert "taken out of searches: fashion_bn_cnn_grid" in result.stdout
        assert read_parameters().searches == {}

    @pytest.mark.parametrize("command", ["activate", "deactivate"])
    @pytest.mark.parametrize(
        "choice", [[], ["digits_convnet", "--all"], ["--study", "seed_000", "--all"]]
    )
    def test_exactly_one_choice(self, command: str, choice: list[str]) -> None:
        rule, _ = two_lines(run(command, *choice))
        assert rule.startswith("exactly one of ID..., --study and --all")

    @pytest.mark.parametrize("command", ["activate", "deactivate"])
    def test_an_unknown_id(self, command: str, project: Path) -> None:
        before = (project / "params.yaml").read_bytes()
        rule, remedy = two_lines(run(command, "breast_cancer_mlp", "digits_cnvnet"))
        assert "'digits_cnvnet'" in rule
        assert remedy == "Close to it: digits_convnet."
        assert (project / "params.yaml").read_bytes() == before

    def test_again_changes_nothing(self, project: Path) -> None:
        before = (project / "params.yaml").read_bytes()
        result = run("activate", "digits_convnet")
        assert (result.exit_code, "nothing to add" in result.stdout) == (0, True)
        result = run("deactivate", "weather_mlp")
        assert (result.exit_code, "nothing to take out" in result.stdout) == (0, True)
        assert (project / "params.yaml").read_bytes() == before

    def test_what_differs_from_the_catalogue_is_said(self, project: Path) -> None:
        run("activate", "weather_mlp")
        text = (project / "params.yaml").read_text("utf-8")
        text = text.replace("files: {all: weatherAUS.csv}", "files: {all: mine.csv}")
        (project / "params.yaml").write_text(text, "utf-8")
        result = run("activate", "weather_fnn_1_2_1")
        assert "left as it is" in result.stdout
        assert "datasets: weather_aus" in result.stdout.splitlines()[-1]

    def test_an_experiment_of_our_own_is_not_thrown_away(self, project: Path) -> None:
        text = (project / "params.yaml").read_text("utf-8")
        text = text.replace("digits_convnet:", "ours:")
        (project / "params.yaml").write_text(text, "utf-8")
        rule, remedy = two_lines(run("deactivate", "ours"))
        assert "must be in the catalogue" in rule
        assert "params.yaml" in remedy
        assert run("deactivate", "--all").exit_code == 0
        assert set(read_parameters().experiments) == {"ours"}
        assert set(read_parameters().datasets) == {"digits"}


@pytest.mark.usefixtures("project")
class TestCheck:
    def test_what_agrees(self) -> None:
        result = run("check")
        assert result.exit_code == 0, result.stderr
        assert result.stdout == "2 experiments, 14 stages and 2 suites agree.\n"

    @pytest.mark.parametrize(
        ("file", "old", "new", "received"),
        [
            ("params.yaml", "epochs: 20", "epochs: -20", "train.epochs=-20 in params"),
            ("params.yaml", "kernel: [3", "kernels: [3", "digits_convnet.model"),
            (
                "params.yaml",
                "kernel: [3",
                "kernel: [0",
                "model.kernel.0=0 in params",
            ),
            ("params.yaml", "architecture: mlp", "architecture: mlpp", "=mlpp"),
            ("params.yaml", "expectations: digits", "expectations: dig", "'dig'"),
            ("params.yaml", "dataset: digits", "dataset: dig", "'dig' is not in"),
            ("dvc.yaml", "stages/train.py", "stages/trains.py", "no src/pedigree"),
            ("dvc.yaml", "${item.kind}", "${item.sort}", "'item.sort'"),
            ("expectations/digits.yaml", "expectations:", "rules:", "in expectations/"),
            ("expectations/digits.yaml", "expectations:", "a: [", "must be YAML"),
        ],
    )
    def test_what_does_not(
        self, project: Path, file: str, old: str, new: str, received: str
    ) -> None:
        text = (project / file).read_text("utf-8")
        assert old in text
        (project / file).write_text(text.replace(old, new, 1), "utf-8")
        rule, _ = two_lines(run("check"))
        assert received in rule

    def test_data_placed_by_hand(self, project: Path) -> None:
        """A dataset without a download is a folder that the user fills."""
        params = project / "params.yaml"
        text = params.read_text("utf-8")
        section = text[text.index("  digits:") : text.index("  breast_cancer:")]
        params.write_text(text.replace(section, "", 1), "utf-8")
        rule, remedy = two_lines(run("check"))
        assert "no data/external/digits" in rule
        assert "Put it there" in remedy
        (project / "data/external/digits").mkdir(parents=True)
        assert run("check").exit_code == 0


@pytest.mark.usefixtures("project")
class TestAffected:
    def test_a_leaf(self) -> None:
        result = run("affected", "experiments.digits_convnet.evaluate.bootstrap.seed")
        assert result.exit_code == 0
        assert result.stdout.split() == [
            "evaluate@digits_convnet",
            "register@digits_convnet",
        ]

    def test_a_section_as_json(self) -> None:
        result = run("affected", "--json", "features.digits_8")
        assert json.loads(result.stdout) == [
            "preprocess@digits_8",
            "train@digits_convnet",
            "evaluate@digits_convnet",
            "register@digits_convnet",
        ]

    @pytest.mark.parametrize("key", ["title", "study"])
    def test_what_no_stage_reads(self, key: str) -> None:
        result = run("affected", f"experiments.digits_convnet.{key}")
        assert (result.exit_code, result.stdout) == (0, "")

    def test_an_unknown_key(self) -> None:
        rule, remedy = two_lines(run("affected", "experiments.digits_convnet.trian"))
        assert "'experiments.digits_convnet.trian'" in rule
        assert "experiments.digits_convnet.train" in remedy


def python(project: Path, program: str) -> str:
    """Run a program in a process of its own: the backend of Keras is chosen once."""
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


SUMMARIES = """
import json, sys
from typer.testing import CliRunner
from pedigree.cli.app import app
for name in {names!r}:
    result = CliRunner().invoke(app, ["summary", "--json", name])
    assert result.exit_code == 0, result.output
    print(json.dumps(json.loads(result.stdout)))
assert "584,170 parameters" in CliRunner().invoke(app, ["summary", {names!r}[0]]).stdout
analysis = ["summary", {names!r}[0], "--analysis", "--batch-size", "32"]
table = CliRunner().invoke(app, analysis).stdout
assert "multiply-adds" in table and "584,170 parameters" in table
print(json.dumps(json.loads(CliRunner().invoke(app, [*analysis, "--json"]).stdout)))
assert not set(sys.modules) & set({heavy!r})
"""


def test_summaries_count_as_published(project: Path) -> None:
    """The counts are those of the publications, see the catalogue's studies."""
    counts = {
        "fashion_csv_vgg_lite": 584_170,
        "fashion_csv_vgg_lite_dropout": 584_170,
        "weather_fnn_1_2_1": 7,
        "digits_convnet": 82_090,
        "breast_cancer_mlp": 30 * 32 + 32 + 32 * 16 + 16 + 17,
    }
    program = SUMMARIES.format(names=list(counts), heavy=HEAVY)
    *summaries, analysed = map(json.loads, python(project, program).splitlines())
    assert {each["id"]: each["total"] for each in summaries} == counts
    for each in summaries:
        assert set(each) == {"id", "total", "trainable", "non_trainable", "layers"}
        assert each["total"] == each["trainable"] + each["non_trainable"]
        assert each["total"] == sum(layer["parameters"] for layer in each["layers"])
    analysis = analysed.pop("analysis")
    assert analysed == summaries[0]
    assert analysis["totals"]["parameters"] == 584_170
    assert [row["batch_size"] for row in analysis["memory"]] == [32]
    rows = {layer["name"]: layer for layer in analysis["layers"]}
    assert rows["block3_conv2"]["multiply_adds"] == 7 * 7 * 128 * 9 * 128
    assert rows["block2_pool"]["receptive_field"] == [16, 16]
    layers = {layer["name"]: layer["parameters"] for layer in summaries[0]["layers"]}
    published = [320, 9_248, 18_496, 36_928, 73_856, 147_584, 295_168, 2_570]
    assert [count for count in layers.values() if count] == published


@pytest.mark.usefixtures("project")
class TestSummary:
    def test_what_depends_on_the_data_says_what_to_run(self) -> None:
        rule, remedy = two_lines(run("summary", "weather_mlp"))
        assert "no data/prepared/weather_all/meta.json" in rule
        assert "dvc repro preprocess@weather_all" in remedy

    def test_prepared_data_tell_the_inputs(self, project: Path) -> None:
        folder = project / "data/prepared/weather_all"
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text('{"input_shape": [118]}', "utf-8")
        shape = input_shape(read_catalogue().parameters, "weather_all")
        assert shape == (118,)

    def test_an_unknown_id(self) -> None:
        rule, remedy = two_lines(run("summary", "digits_convnt"))
        assert "'digits_convnt'" in rule
        assert "digits_convnet" in remedy


@pytest.mark.usefixtures("project")
class TestProfile:
    @pytest.fixture(autouse=True)
    def raw(self, project: Path) -> None:
        table = pa.table({"a": range(40), "b": ["yes", "no"] * 20})
        write_split(project / "data/raw/digits", "all", table)

    def test_a_suite_is_proposed(self) -> None:
        result = run("profile", "digits", "--label", "b")
        assert result.exit_code == 0
        assert result.stderr == ""
        assert 'value_set: ["no", "yes"]' in result.stdout
        assert run("profile", "digits", "--label", "b").stdout == result.stdout

    def test_no_file_is_replaced_unasked(self, project: Path) -> None:
        path = project / "expectations/digits.yaml"
        before = path.read_bytes()
        rule, remedy = two_lines(run("profile", "digits", "--out", str(path)))
        assert str(path) in rule
        assert "--force" in remedy
        assert path.read_bytes() == before
        done = run("profile", "digits", "--out", str(path), "--force")
        assert (done.exit_code, done.stdout) == (0, "")
        assert path.read_text("utf-8") == run("profile", "digits").stdout
        assert run("check").exit_code == 0

    def test_it_imports_nothing_heavy(self, project: Path) -> None:
        assert imported(project, ["profile", "digits"]) & set(HEAVY) == set()

    def test_data_that_are_not_ingested(self) -> None:
        rule, remedy = two_lines(run("profile", "breast_cancer"))
        assert "data/raw/breast_cancer" in rule
        assert "dvc repro ingest@breast_cancer" in remedy

    def test_an_unknown_dataset(self) -> None:
        rule, remedy = two_lines(run("profile", "digts"))
        assert "'digts'" in rule
        assert remedy == "Close to it: digits."

    def test_an_unknown_label(self) -> None:
        rule, remedy = two_lines(run("profile", "digits", "--label", "c"))
        assert "Received: 'c'" in rule
        assert "a, b" in remedy


def test_the_ui_is_served_on_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []

    def serve(port: int, *_: object) -> None:
        ports.append(port)

    module = SimpleNamespace(serve_ui=serve)
    monkeypatch.setitem(sys.modules, "pedigree.tracking.ui", module)
    assert run("ui", "--port", "5001").exit_code == 0
    assert run("ui").exit_code == 0
    assert ports == [5001, 5000]


class TestErrors:
    @pytest.mark.parametrize(
        "arguments", [["nonsense"], ["affected"], ["list", "--no"], ["ui", "--port=0"]]
    )
    def test_wrong_usage(self, arguments: list[str]) -> None:
        result = run(*arguments)
        assert result.exit_code == 2
        assert "Usage: " in result.stderr

    @pytest.mark.parametrize(
        "arguments",
        [["list"], ["check"], ["affected", "a"], ["summary", "a"], ["activate", "a"]],
    )
    def test_outside_of_a_project(
        self,
        arguments: list[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        rule, remedy = two_lines(run(*arguments))
        assert "must exist" in rule
        assert "root of the project" in remedy
        assert list(tmp_path.iterdir()) == []

    def test_debug_shows_the_traceback(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        result = run("--debug", "list")
        assert isinstance(result.exception, WrongUseError)

    def test_the_exit_code_is_the_error_s(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class NoError(PedigreeError):
            exit_code = 1

        def refuse(*_: object) -> None:
            raise NoError("must. Received: not", "Do.")

        monkeypatch.setattr("pedigree.cli.list.read_catalogue", refuse)
        assert two_lines(run("list"), exit_code=1) == ("must. Received: not", "Do.")

    def test_a_file_that_cannot_be_written(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = (project / "params.yaml").read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pathlib.Path.write_bytes", full)
        rule, _ = two_lines(run("activate", "weather_mlp"))
        assert "No space left" in rule
        assert (project / "params.yaml").read_bytes() == before
        assert [path.name for path in project.glob(".params*")] == []

    def test_help_names_every_command(self) -> None:
        result = run("--help")
        for command in ("list", "activate", "deactivate", "check", "affected"):
            assert command in result.stdout


@pytest.mark.parametrize(
    "arguments", [["list"], ["check"], ["affected", "features"], ["activate", "--all"]]
)
def test_quick_commands_import_nothing_heavy(
    project: Path, arguments: list[str]
) -> None:
    assert imported(project, arguments) & {*HEAVY, "keras", "jax", "sklearn"} == set()


def imported(project: Path, arguments: list[str]) -> set[str]:
    """Run a command that succeeds, and name the modules that it imported."""
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from pedigree.cli.app import app\n"
        f"result = CliRunner().invoke(app, {arguments!r})\n"
        "assert result.exit_code == 0, result.output\n"
        "print(*sys.modules)\n"
    )
    return set(python(project, program).split())


def test_the_console_script_runs() -> None:
    script = Path(sys.executable).with_name("pedigree")
    finished = subprocess.run(
        [script, "--help"], capture_output=True, text=True, check=True
    )
    assert "activate" in finished.stdout
