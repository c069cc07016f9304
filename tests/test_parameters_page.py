"""What docs/parameters.md shows as YAML is what the schema reads, and it shows all."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pedigree.params.evaluate import Evaluate
from pedigree.params.features import Splits, Transform
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.sections import Section, parse

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "parameters.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
SECTIONS = {
    "split": Splits,
    "transform": Transform,
    "model": Model,
    "train": Train,
    "evaluate": Evaluate,
}


@pytest.mark.parametrize("block", BLOCKS)
def test_what_is_shown_is_read(block: str) -> None:
    shown = YAML(typ="safe", pure=True).load(block)
    for name, section in shown.items():
        complete = {"seed": 0, **section} if name == "model" else section
        read = parse(SECTIONS[name], complete, PAGE, (name,))
        assert read.model_dump(mode="json", exclude_unset=True) == complete


def test_a_block_of_each_kind_is_shown() -> None:
    shown = {name for block in BLOCKS for name in YAML(typ="safe").load(block)}
    assert {"transform", "model", "train", "evaluate"} <= shown


@pytest.mark.parametrize("module", ["features", "model", "train", "evaluate"])
def test_every_key_of_the_schema_is_on_a_page(module: str) -> None:
    pages = "".join(page.read_text("utf-8") for page in DOCS.glob("*.md"))
    shown = re.findall(r"^```yaml\n(.*?)^```$", pages, re.M | re.S)
    words = set(re.findall(r"\w+", " ".join([*shown, *re.findall("`(.+?)`", pages)])))
    address = f"pedigree.params.{module}"
    sections = {
        value
        for value in vars(import_module(address)).values()
        if isinstance(value, type)
        and issubclass(value, Section | Model)
        and value.__module__ == address
    }
    assert len(sections) > 3
    missing = {
        f"{section.__name__}.{key}"
        for section in sections
        for key in section.model_fields
        if key not in words
    }
    assert missing == set()
