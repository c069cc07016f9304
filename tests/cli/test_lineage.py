"""What `pedigree lineage` refuses before it opens any record."""

from pathlib import Path
from typing import Any

import pytest

from command_line import run, two_lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["models:/a/1", "--json", "--html", "a.html"], "must not go with --json"),
        (["data/raw/a", "--html", "a.html"], "must go with a MODEL_URI"),
        (["models:/a/1", "--html", "nowhere/a.html"], "Received: nowhere/a.html"),
        (["models:/a/1", "--html", "."], "must name a file in a folder that exists"),
    ],
)
def test_a_page_that_cannot_be_written_is_wrong_use(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: Any) -> None:
        pytest.fail("the options are checked before any work is done")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pedigree.lineage.records.open_records", forbid)
    rule, _ = two_lines(run("lineage", *arguments))
    assert said in rule
    assert not list(tmp_path.iterdir())
