"""What `pedigree tune` leaves behind where it is ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# As DVC does: it starts the stage, ignores Ctrl-C meanwhile, and ends after it.
DVC = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
stage = subprocess.Popen(
    [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"],
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    stdout=subprocess.PIPE,
)
stage.stdout.readline()
print(stage.pid, flush=True)
sys.exit(stage.wait() != 0)
"""


def test_sigterm_ends_the_stage_that_dvc_runs(tmp_path: Path) -> None:
    (tmp_path / "dvc.py").write_text(DVC, "utf-8")
    program = "from pedigree.cli.tune import reproduce; reproduce('tune@a')"
    tuning = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert tuning.stdout
    stage = int(tuning.stdout.readline())
    tuning.send_signal(signal.SIGTERM)
    assert tuning.wait(60) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(stage, 0)
    tuning.stdout.close()
