from pathlib import Path

import pytest

from command_line import run, two_lines


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
