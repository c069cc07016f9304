"""What the pages show as YAML is what the project reads."""

import re
import textwrap
from pathlib import Path

import pytest

from pedigree.data.suite import load_suite
from pedigree.models.architecture import check
from pedigree.params.file import read_parameters

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/expectations.md").read_text("utf-8")
BLOCKS = [
    textwrap.dedent(block)
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
]
SUITES = [block for block in BLOCKS if "- expectation:" in block]


@pytest.mark.parametrize("number", range(len(SUITES)))
def test_suites_load(tmp_path: Path, number: int) -> None:
    path = tmp_path / "shown.yaml"
    path.write_text(SUITES[number], "utf-8")
    assert load_suite(path).rules


def test_the_own_csv_has_an_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [block for block in BLOCKS if block not in SUITES]
    text = "\n".join(["downloads: {}", *shown])
    (tmp_path / "params.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    (name, experiment), *others = read_parameters().experiments.items()
    assert (name, others) == ("orders_mlp", [])
    check(experiment.model, experiment.train.library)
