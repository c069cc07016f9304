from pathlib import Path

import pytest

from command_line import listed, run, two_lines
from pedigree.catalogue.read import read_catalogue
from pedigree.params.file import read_parameters


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
