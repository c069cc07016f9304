from pathlib import Path

import pyarrow as pa
import pytest

from command_line import HEAVY, imported, run, two_lines
from pedigree.data.raw import write_split


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
