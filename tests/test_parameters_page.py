"""What docs/parameters.md shows as YAML is what the schema reads."""

import re
from pathlib import Path

from pydantic import TypeAdapter
from ruamel.yaml import YAML

from pedigree.params.features import Transform

PAGE = (Path(__file__).resolve().parents[1] / "docs/parameters.md").read_text("utf-8")


def test_the_transform_that_is_shown_is_one() -> None:
    (block,) = re.findall(r"^```yaml\n(transform:\n.*?)^```$", PAGE, re.M | re.S)
    shown = YAML(typ="safe").load(block)["transform"]
    read = TypeAdapter(Transform).validate_python(shown, strict=False)
    assert read.kind == "tabular"
    assert read.dates.parts == ("year", "season")
