from pathlib import Path

import pytest

from pedigree.errors import WrongUseError
from pedigree.params.downloads import UrlDownload
from pedigree.sections import parse
from pedigree.tracking.run_log import RunLog
from pedigree.tracking.secrets import redact
from pedigree.tracking.store import experiment_id, open_client

SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"https://me:{SECRET}@example.org/a", "https://***@example.org/a"),
        (f"https://{SECRET}@example.org/a", "https://***@example.org/a"),
        (
            f"https://x.org/a?access_token={SECRET}&b=1",
            "https://x.org/a?access_token=***&b=1",
        ),
        (
            f"https://x.org/a?b=1&X-Amz-Signature={SECRET}",
            "https://x.org/a?b=1&X-Amz-Signature=***",
        ),
        ("https://x.org/a@b?keys=1", "https://x.org/a@b?keys=***"),
        ("models:/digits@champion", "models:/digits@champion"),
        ("me@example.org", "me@example.org"),
        ("python -m pedigree.stages.train a b", "python -m pedigree.stages.train a b"),
    ],
)
def test_credentials_in_addresses_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize("name", ["KAGGLE_KEY", "MLFLOW_TRACKING_TOKEN", "db_password"])
def test_values_of_secret_variables_are_hidden(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, SECRET)
    assert redact(f"failed with {SECRET}!") == "failed with ***!"
    monkeypatch.setenv(name, "no")
    assert redact("no news") == "no news", "short values may be any word"


@pytest.mark.usefixtures("store")
def test_no_secret_reaches_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", SECRET)
    client = open_client()
    created = client.create_run(experiment_id(client, "lessons"))
    run = RunLog(client, created.info.run_id)
    run.set_tags({"pedigree.error": f"401 for https://me:pw12345@x.org, {SECRET}"})
    run.log_parameters({"url": f"https://x.org/a?token={SECRET}", "list": [SECRET]})
    data = client.get_run(run.run_id).data
    recorded = f"{data.tags} {data.params}"
    assert SECRET not in recorded and "pw12345" not in recorded
    assert "401 for https://***@x.org, ***" in recorded


def test_an_error_of_a_stage_is_tagged_without_its_secret(
    repository: Path, run_script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    script = repository / "train.py"
    text = script.read_text("utf-8")
    crash = f'raise OSError("https://a:{SECRET}@x.org")'
    script.write_text(
        text.replace("time.sleep(60)", "pass").replace(
            'raise ZeroDivisionError("a defect")', crash
        ),
        "utf-8",
    )
    params = repository / "params.yaml"
    params.write_text(params.read_text().replace("then: succeed", "then: crash"))
    with pytest.raises(OSError, match=r"x\.org"):
        run_script("one", "f")
    client = open_client()
    runs = client.search_runs(
        [each.experiment_id for each in client.search_experiments()]
    )
    (error,) = [run.data.tags["pedigree.error"] for run in runs]
    assert SECRET not in error and "x.org" in error


@pytest.mark.usefixtures("store")
def test_an_address_of_a_store_is_shown_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"nothing://me:{SECRET}@x.org")
    with pytest.raises(WrongUseError) as caught:
        open_client()
    assert SECRET not in str(caught.value)


def test_an_address_in_params_holds_no_password() -> None:
    file = {"name": "a.csv", "sha256": "0" * 64}
    section = {"kind": "url", "url": "https://example.org/a@b", "files": [file]}
    assert parse(UrlDownload, section, Path("params.yaml"))
    section["url"] = f"https://me:{SECRET}@example.org/a"
    with pytest.raises(WrongUseError, match="url"):
        parse(UrlDownload, section, Path("params.yaml"))
