import json

import pytest

from command_line import run, two_lines


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
