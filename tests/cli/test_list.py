from pathlib import Path

import pytest

from command_line import listed, run, two_lines
from pedigree.catalogue.read import read_catalogue


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
