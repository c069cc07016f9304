"""What the pages show as YAML is what the project reads."""

import re
import textwrap
from importlib import import_module
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pedigree.catalogue.read import read_catalogue
from pedigree.data.suite import load_suite
from pedigree.models.architecture import check
from pedigree.params.experiments import Experiment
from pedigree.params.file import read_parameters
from pedigree.params.searches import Search
from pedigree.sections import parse
from pedigree.training.search.objective import require_objective
from pedigree.training.search.space import Space

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


ARCHITECTURES = (ROOT / "docs/architectures.md").read_text("utf-8")


def test_the_shown_architecture_is_the_module() -> None:
    shown = re.findall(r"^```python\n(.*?)^```$", ARCHITECTURES, re.M | re.S)[0]
    assert shown == (ROOT / "src/pedigree/models/lenet.py").read_text("utf-8")


def test_the_shown_entry_is_valid() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", ARCHITECTURES, re.M | re.S)
    entries = YAML(typ="safe", pure=True).load(block)["experiments"]
    features = read_catalogue(ROOT / "catalogue").parameters.features
    for name, entry in entries.items():
        experiment = parse(Experiment, entry, Path(name))
        check(experiment.model, experiment.train.library)
        assert experiment.features in features


def test_the_page_lists_every_architecture_and_its_keys() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*?\| (.*) \|$", ARCHITECTURES, re.M))
    found = {}
    for path in (ROOT / "src/pedigree/models").glob("*.py"):
        if "class Hyperparameters(" in path.read_text("utf-8"):
            module = import_module(f"pedigree.models.{path.stem}")
            found[path.stem] = set(module.Hyperparameters.model_fields)
    assert set(rows) == {"architecture", *found}  # the first one heads the table
    for name, keys in found.items():
        if "](" not in rows[name]:  # which has a page of its own
            assert keys <= set(re.findall(r"`(\w+)`", rows[name])), name


def test_the_shown_search_fits_its_experiment() -> None:
    page = (ROOT / "docs/search.md").read_text("utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    entries = YAML(typ="safe", pure=True).load(block)["searches"]
    experiments = read_catalogue(ROOT / "catalogue").parameters.experiments
    for name, entry in entries.items():
        search = parse(Search, entry, Path(name))
        experiment = experiments[search.experiment]
        space = Space(name, search, experiment.model, experiment.train)
        assert [len(axis.values) for axis in space.axes] == [3, 2, 3]
        require_objective(name, search, experiment.train, validation=True)
