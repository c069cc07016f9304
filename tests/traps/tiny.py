"""A project of one stage, to see what DVC makes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

PARAMS = Path("params.yaml")

TINY = """\
stages:
  copy:
    cmd: cp params.yaml copied.yaml
    deps: [source]
    params: [section]
    outs: [copied.yaml]
"""


class Tiny:
    """A project of one stage, whose output holds the parameters that it was made with.

    What `Repo.reproduce` returns says which stages were not up to date; what the log
    says of running tells one that ran from one that came from the run cache.
    """

    def __init__(self, repo: Repo, log: pytest.LogCaptureFixture) -> None:
        self.repo = repo
        self.log = log

    def repro(self, section: Any = None) -> str:
        """Say whether the stage was left alone, ran, or came from the cache."""
        self.write({"section": section})
        self.log.clear()
        with self.log.at_level("INFO", logger="dvc"):
            stages = self.repo.reproduce()
        if not stages:
            return "nothing"
        return "ran" if "Running stage" in self.log.text else "restored"

    def made_with(self) -> Any:
        return json.loads(Path("copied.yaml").read_text("utf-8"))["section"]

    def write(self, parameters: Any) -> None:
        PARAMS.write_text(json.dumps(parameters), "utf-8")
