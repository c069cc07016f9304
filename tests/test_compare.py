import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pedigree.catalogue.read import read_catalogue
from pedigree.cli.app import app
from pedigree.cli.compare import Row, markdown_table

HEAVY = ("tensorflow", "mlflow", "dvc", "great_expectations", "keras", "sklearn")

RESULT = {
    "id": "fashion_csv_vgg_lite",
    "study": "seed_000",
    "scale": "reduced",
    "measured": {"test.accuracy": 0.93, "test.roc_auc_macro": 0.995},
    "interval": {"test.accuracy": [0.925, 0.9351]},
    "confidence": 0.95,
    "seconds": 1234.5,
    "epochs": 2,
    "settings": {"model": {"architecture": "convnet"}, "train": {"epochs": 2}},
    "lineage": {"keys": {}, "hashes": {}, "git_commit": None, "git_dirty": None},
    "hardware": None,
    "remark": "2 of 50 epochs",
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compare", *arguments])


def compared(*arguments: str) -> dict[str, dict[str, object]]:
    result = run("--format", "json", *arguments)
    assert result.exit_code == 0, result.stderr
    return {row["id"]: row for row in json.loads(result.stdout)}


def markdown_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture
def results(project: Path) -> Path:
    path = project / "results" / "seed_000.json"
    path.parent.mkdir()
    path.write_text(json.dumps({RESULT["id"]: RESULT}), "utf-8")
    return path


@pytest.mark.usefixtures("results")
class TestJson:
    def test_what_was_run(self) -> None:
        assert compared()["fashion_csv_vgg_lite"] == {
            "id": "fashion_csv_vgg_lite",
            "study": "seed_000",
            "scale": "reduced",
            "published": {
                "validation.log_loss": 0.5483,
                "validation.accuracy": 0.9222,
                "test.log_loss": 0.5051005,
                "test.accuracy": 0.927,
            },
            "measured": RESULT["measured"],
            "interval": RESULT["interval"],
            "epochs": 2,
            "seconds": 1234.5,
            "remark": "2 of 50 epochs",
        }

    def test_what_was_not(self) -> None:
        rows = compared()
        known = read_catalogue().parameters
        assert set(rows) == {*known.experiments, *known.searches}
        assert rows["higgs_tiny"]["remark"].startswith("Not run: the files of higgs")
        assert rows["digits_convnet"] == {
            "id": "digits_convnet",
            "study": "quickstart",
            "scale": "not run",
            "published": {},
            "measured": {},
            "interval": {},
            "epochs": None,
            "seconds": None,
            "remark": "",
        }

    def test_a_study_alone(self) -> None:
        rows = compared("--study", "quickstart")
        assert set(rows) == {"digits_convnet", "breast_cancer_mlp"}

    def test_an_experiment_of_our_own(self, project: Path) -> None:
        text = (project / "params.yaml").read_text("utf-8")
        text = text.replace("digits_convnet:", "ours:").replace("quickstart", "mine")
        (project / "params.yaml").write_text(text, "utf-8")
        result = {**RESULT, "id": "ours", "study": "mine"}
        path = project / "results" / "mine.json"
        path.write_text(json.dumps({"ours": result}), "utf-8")
        rows = compared("--study", "mine")
        assert rows["ours"]["scale"] == "reduced"
        assert rows["breast_cancer_mlp"]["scale"] == "not run"
        assert compared()["digits_convnet"]["study"] == "quickstart"


@pytest.mark.usefixtures("results")
class TestMarkdown:
    def test_one_table_per_study(self) -> None:
        text = run("--format", "markdown").stdout
        headings = [line for line in text.splitlines() if line.startswith("#")]
        studies = sorted(read_catalogue().titles)
        assert headings == [f"## {study}" for study in studies]
        assert text.count("| id | scale |") == len(studies)

    def test_published_beside_measured(self) -> None:
        text = run("--format", "markdown", "--study", "seed_000").stdout
        head, _, *rows = markdown_rows(text)
        assert head == [
            *("id", "scale", "metric", "published", "measured"),
            *("95 % interval", "difference"),
        ]
        name = "fashion_csv_vgg_lite"
        interval = "0.9250 to 0.9351"
        figures, times = ([r for r in rows if len(r) == n] for n in (len(head), 4))
        assert [row[1:] for row in figures if row[0] == name] == [
            ["reduced", "validation.log_loss", "0.5483", "", "", ""],
            ["reduced", "validation.accuracy", "0.9222", "", "", ""],
            ["reduced", "test.log_loss", "0.5051005", "", "", ""],
            ["reduced", "test.accuracy", "0.927", "0.9300", interval, "+0.0030"],
            ["reduced", "test.roc_auc_macro", "", "0.9950", "", ""],
        ]
        assert ["weather_mlp", "not run", "", "", "", "", ""] in rows
        assert f"\n- {name}: 2 of 50 epochs\n\n" in text
        assert times[-1] == [name, "2", "1,234", "617"]

    def test_cells_hold_no_markup(self) -> None:
        metric = "test.classes.a|b*c_<d> _e_`.f1"
        row = Row(
            id="x",
            study="s",
            scale="full",
            published={metric: 1.0},
            measured={metric: 1.0},
            interval={},
            epochs=None,
            seconds=None,
            remark="a|b\n# c",
            confidence=0.95,
        )
        text = markdown_table("s", [row])
        cell = r"test.classes.a\|b\*c\_\<d\> \_e\_\`.f1"
        assert f"| x | full | {cell} | 1 | 1.0000 |  | +0.0000 |" in text
        assert r"- x: a\|b # c" in text.splitlines()

    @pytest.mark.parametrize(
        ("published", "measured", "cells"),
        [
            (22067.0, 22067, ("22067", "22067", "+0")),
            (6372.0, 6370, ("6372", "6370", "-2")),
            (0.5, 0.49999, ("0.5", "0.5000", "+0.0000")),
            (0.0002, 0.000123, ("0.0002", "0.000123", "-0.0001")),
            (0.0, 0.0, ("0", "0.0000", "+0.0000")),
        ],
    )
    def test_figures(
        self, published: float, measured: float, cells: tuple[str, str, str]
    ) -> None:
        row = Row(
            id="x",
            study="s",
            scale="full",
            published={"m": published},
            measured={"m": measured},
            interval={"m": (0.1, 0.2)},
            epochs=None,
            seconds=None,
            remark="",
            confidence=0.9,
        )
        name, first, second, interval, difference = row.cells("m")
        assert (name, first, second, difference) == ("m", *cells)
        assert interval == "0.1000 to 0.2000 (0.9 confidence)"


@pytest.mark.usefixtures("results")
class TestTable:
    def test_it_shows_every_entry_and_figure(self) -> None:
        text = run().stdout
        for name in read_catalogue().parameters.experiments:
            # A name that is wider than its column goes on in the next line.
            assert name[:30] in text
        (line,) = [
            line
            for line in text.splitlines()
            if "test.accuracy" in line and "0.9300" in line
        ]
        assert line.split() == [
            *("test.accuracy", "0.927", "0.9300"),
            *("0.9250", "to", "0.9351", "+0.0030"),
        ]
        assert "fashion_csv_vgg_lite: 2 of 50 epochs" in text
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "received"),
    [(["--study", "seed_00"], "'seed_00'"), ([], "results/seed_000.json")],
)
def test_errors_are_two_lines(
    results: Path, arguments: list[str], received: str
) -> None:
    results.write_text("[", "utf-8")
    output = run(*arguments)
    assert (output.exit_code, output.stdout) == (2, "")
    rule, _ = output.stderr.splitlines()
    assert received in rule and "Received: " in rule


def test_an_unknown_format(project: Path) -> None:
    assert project.exists()
    assert run("--format", "html").exit_code == 2


def test_nothing_heavy_is_imported(results: Path) -> None:
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from pedigree.cli.app import app\n"
        "result = CliRunner().invoke(app, ['compare'])\n"
        "assert result.exit_code == 0, result.output\n"
        f"print(set(sys.modules) & set({HEAVY!r}))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=results.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.strip() == "set()"
