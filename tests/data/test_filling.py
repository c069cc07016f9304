"""A mirror is filled by what `fetch` would download, whole files alone."""

import hashlib
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from pedigree.cli.app import app
from pedigree.data.filling import fill
from pedigree.data.sources import url
from pedigree.errors import RefusedError
from pedigree.params.datasets import Dataset
from pedigree.params.downloads import Download

CONTENT = {"a.csv": b"1,2", "b.csv": b"3,4"}


def files(*names: str) -> list[dict[str, str]]:
    sums = {name: hashlib.sha256(CONTENT[name]).hexdigest() for name in names}
    return [{"name": name, "sha256": value} for name, value in sums.items()]


def download(**values: object) -> Download:
    section = {"files": files(*CONTENT), **values}
    return TypeAdapter(Download).validate_python(section, strict=False)


def dataset(**table: object) -> Dataset:
    section = {"table": table, "expectations": "some"}
    return Dataset.model_validate(section, strict=False)


TABLE = dataset(format="csv", files={"train": "a.csv", "test": "b.csv"})
URL = download(kind="url", url="http://localhost/data")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the publisher's address answers with."""
    content = dict(CONTENT)

    def fetch(section: Download, _: str, folder: Path) -> None:
        for file in section.files:
            if file.name not in content:
                raise RefusedError(
                    "the address must answer. Received: nothing", "Wait."
                )
            (folder / file.name).write_bytes(content[file.name])

    monkeypatch.setattr(url, "fetch", fetch)
    return content


def filled(mirror: Path, **downloads: Download) -> list[tuple[str, str]]:
    lines = fill(mirror, "some", {"some": TABLE}, downloads)
    return [(line.state, Path(line.name).name) for line in lines]


def test_files_are_fetched_once(tmp_path: Path, served: dict[str, bytes]) -> None:
    mirror = tmp_path / "mirror"
    assert filled(mirror, some=URL) == [("fetched", "a.csv"), ("fetched", "b.csv")]
    found = {path.name: path.read_bytes() for path in (mirror / "some").iterdir()}
    assert found == CONTENT
    served.clear()
    assert filled(mirror, some=URL) == [("kept", "a.csv"), ("kept", "b.csv")]
    assert [path.name for path in mirror.iterdir()] == ["some"]


def test_what_is_not_whole_is_never_there(
    tmp_path: Path, served: dict[str, bytes]
) -> None:
    served["b.csv"] = b"3"
    assert filled(tmp_path, some=URL) == [("failed", "a.csv"), ("failed", "b.csv")]
    del served["b.csv"]
    assert filled(tmp_path, some=URL) == [("failed", "a.csv"), ("failed", "b.csv")]
    assert not [*tmp_path.rglob("*.csv")]
    (tmp_path / "some").mkdir(exist_ok=True)
    (tmp_path / "some/a.csv").write_bytes(b"1")
    assert filled(tmp_path, some=URL) == [("failed", "a.csv"), ("failed", "b.csv")]


def test_what_nobody_serves_is_named(tmp_path: Path) -> None:
    subset = download(kind="mirror", name="others", files=files("a.csv"))
    (line,) = fill(tmp_path, "some", {"some": TABLE}, {"some": subset})
    assert line.state == "by hand"
    assert line.name == str(tmp_path / "others/a.csv")
    assert files("a.csv")[0]["sha256"] in line.remark
    assert filled(tmp_path) == [("by hand", "a.csv"), ("by hand", "b.csv")]
    computed = download(kind="truth_table", outputs=[0, 0, 0, 1], files=files("a.csv"))
    assert filled(tmp_path, some=computed) == []


def test_the_files_of_every_format_are_named() -> None:
    weights = {"file": "w.h5", "md5": "0" * 32}
    folder = {"format": "image_folder", "classes": ["a", "b"], "archive": "t.zip"}
    folder |= {"splits": {"all": {"pattern": "{class}/*"}}, "weights": weights}
    masks = {"format": "image_masks", "archives": ["i.tar", "m.tar"]}
    masks |= {"images": "i/*", "masks": "m/*"}
    for table, names in [(folder, ["t.zip", "w.h5"]), (masks, ["i.tar", "m.tar"])]:
        lines = fill(Path(), "some", {"some": dataset(**table)}, {})
        assert [Path(line.name).name for line in lines] == names


@pytest.mark.usefixtures("project")
def test_the_command_tells_what_is_missing() -> None:
    done = CliRunner().invoke(app, ["mirror", "m"])  # the quick start needs no mirror
    assert (done.exit_code, done.stdout) == (0, "")
    done = CliRunner().invoke(app, ["mirror", "m", "higgs", "and_table"])
    assert done.exit_code == 1
    assert "by hand data/external/higgs/HIGGS.csv.gz" in done.stdout
    assert done.stderr == "1 files are missing.\n"
    assert CliRunner().invoke(app, ["mirror", "m", "hicks"]).exit_code == 2
