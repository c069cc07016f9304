import os
from pathlib import Path

import pytest


def test_great_expectations_looks_for_a_project_and_is_given_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GX_ANALYTICS_ENABLED", raising=False)
    from pedigree.data.validation import _silent_context

    context = _silent_context()
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert context.config.analytics_enabled is False
    assert type(context).__name__ == "EphemeralDataContext"
    assert list(tmp_path.iterdir()) == []

    import great_expectations as gx

    gx.get_context(mode="file")
    assert [path.name for path in tmp_path.iterdir()] == ["gx"]
