"""The traps of the libraries: each is shown to be there, and to be avoided.

A trap that a new version has mended fails its test here, and its precaution can go.
These have their place beside what avoids them:

- a resumed training ends in the bytes of one that was left alone, whatever Keras's own
  backup forgets: `training/keras/test_fit.py`
- a stage that fails brings back the outputs that DVC has deleted, and it never waits
  for DVC's lock: `tracking/test_stage.py`, `tracking/test_dvc_entry.py`
- MLflow's limits, and its parameters that never change: `tracking/test_run_log.py`
- a run that `MLFLOW_RUN_ID` names takes nothing in: `tracking/test_stage.py`
- the UI listens on 127.0.0.1 alone: `tracking/test_ui.py`
- no stage imports what it does not need: `stages/`
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.repo import Repo

from traps.tiny import TINY, Tiny


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Tiny]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("dvc.yaml").write_text(TINY, "utf-8")
    Path("source").write_text("1", "utf-8")
    with Repo.init(no_scm=True) as repo:
        yield Tiny(repo, caplog)
