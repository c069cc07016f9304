"""What every source must do, then what is particular to one."""

import hashlib
import sys
import threading
import types
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pedigree.data.sources.pinned import copy_from_mirror, require_pinned
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.downloads import Download, RemoteFile

KINDS = (
    "sklearn",
    "keras",
    "keras_csv",
    "keras_csv_grouped",
    "truth_table",
    "playground_xor",
    "regression",
    "url",
    "kaggle",
    "mirror",
)
CONTENT = b"a,b\n1,2\n"


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "table.csv").write_bytes(CONTENT)
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _kagglehub(monkeypatch: pytest.MonkeyPatch) -> None:
    def dataset_download(handle: str, path: str, output_dir: str) -> str:
        if handle != "owner/data" or path != "table.csv":
            raise RuntimeError(f"404: {handle}/{path}")
        target = Path(output_dir) / path
        target.write_bytes(CONTENT)
        return str(target)

    module = types.ModuleType("kagglehub")
    module.dataset_download = dataset_download
    monkeypatch.setitem(sys.modules, "kagglehub", module)


@pytest.fixture
def downloads(
    site: str, fashion: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[Download, str]]:
    """A download of each kind and the folder of the mirror it reads."""
    monkeypatch.setenv("PEDIGREE_MIRROR", str(fashion.parent))
    published = [{"name": path.name} for path in sorted(fashion.iterdir())]
    table = [{"name": "table.csv"}]
    sections = {
        "sklearn": {"files": [{"name": "iris.csv"}]},
        "keras": {"name": "fashion_mnist", "files": published},
        "keras_csv": {
            "name": "fashion_mnist",
            "files": [{"name": "train.csv"}, {"name": "test.csv"}],
        },
        "keras_csv_grouped": {
            "name": "fashion_mnist",
            "groups": ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9)),
            "files": [{"name": "train.csv"}, {"name": "testX.csv"}],
        },
        "truth_table": {"outputs": (0, 1, 1, 0), "files": table},
        "playground_xor": {"points": 9, "noise": 0.5, "seed": "0.1", "files": table},
        "regression": {"points": 9, "noise": 0.5, "seed": 1, "files": table},
        "url": {"url": site, "files": table},
        "kaggle": {"dataset": "owner/data", "files": table},
        "mirror": {"name": "fashion_mnist", "files": published},
    }

    def build(kind: str) -> tuple[Download, str]:
        section = {"kind": kind, **sections[kind]}
        for file in section["files"]:
            path = fashion / file["name"]
            file["sha256"] = pin_of(path) if path.exists() else "0" * 64
        download = TypeAdapter(Download).validate_python(
            {**section, "files": tuple(section["files"])}
        )
        return download, getattr(download, "name", "dataset")

    return build


def pin_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(
    kind: str, download: Download, dataset: str, folder: Path
) -> dict[str, bytes]:
    folder.mkdir()
    import_module(f"pedigree.data.sources.{kind}").fetch(download, dataset, folder)
    return {file.name: (folder / file.name).read_bytes() for file in download.files}


@pytest.mark.parametrize("kind", KINDS)
def test_every_source_gets_its_files(kind, downloads, tmp_path):
    download, dataset = downloads(kind)
    assert all(fetch(kind, download, dataset, tmp_path / "out").values())


@pytest.mark.parametrize("kind", ["keras", "url", "kaggle", "mirror"])
def test_a_file_of_the_mirror_that_is_truncated_is_refused(
    kind, downloads, fashion, tmp_path
):
    download, dataset = downloads(kind)
    folder = fashion.parent / dataset
    folder.mkdir(exist_ok=True)
    path = folder / download.files[0].name
    path.write_bytes(b"truncated")
    with pytest.raises(RefusedError) as refused:
        fetch(kind, download, dataset, tmp_path / "out")
    assert download.files[0].sha256 in refused.value.rule
    assert pin_of(path) in refused.value.rule
    assert str(path) in refused.value.remedy


@pytest.mark.parametrize("kind", ["url", "kaggle"])
def test_the_mirror_comes_before_the_network(kind, downloads, fashion, tmp_path):
    download, dataset = downloads(kind)
    mirrored = fashion.parent / dataset / "table.csv"
    mirrored.parent.mkdir()
    mirrored.write_bytes(b"of the mirror")
    pinned = RemoteFile(name="table.csv", sha256=pin_of(mirrored))
    download = download.model_copy(update={"files": (pinned,)})
    got = fetch(kind, download, dataset, tmp_path / "out")
    assert got == {"table.csv": b"of the mirror"}


def test_a_mirror_without_the_dataset_says_so(downloads, tmp_path, caplog):
    fetch("url", *downloads("url"), tmp_path / "out")
    assert "PEDIGREE_MIRROR has no folder" in caplog.text


def test_a_mirror_without_a_file_says_so(fashion, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PEDIGREE_MIRROR", str(fashion.parent))
    file = RemoteFile(name="absent.gz", sha256="0" * 64)
    assert copy_from_mirror("fashion_mnist", [file], tmp_path) == [file]
    assert "has no file" in caplog.text


@pytest.mark.parametrize("kind", ["sklearn", "url", "kaggle", "mirror"])
def test_an_unknown_file_is_two_lines(kind, downloads, tmp_path):
    download, dataset = downloads(kind)
    unknown = RemoteFile(name="unknown.csv", sha256="0" * 64)
    download = download.model_copy(update={"files": (unknown,)})
    with pytest.raises((WrongUseError, RefusedError)) as caught:
        fetch(kind, download, dataset, tmp_path / "out")
    assert len(str(caught.value).splitlines()) == 2
    assert "unknown.csv" in caught.value.rule


def test_without_a_mirror_its_files_are_asked_for(downloads, monkeypatch, tmp_path):
    download, dataset = downloads("mirror")
    monkeypatch.delenv("PEDIGREE_MIRROR")
    with pytest.raises(WrongUseError, match="no publisher serves it") as wrong:
        fetch("mirror", download, dataset, tmp_path / "out")
    assert "PEDIGREE_MIRROR" in wrong.value.remedy


def test_what_the_mirror_has_whole_is_not_loaded(downloads, monkeypatch, tmp_path):
    monkeypatch.setattr("pedigree.data.formats.keras.download", pytest.fail)
    assert fetch("keras", *downloads("keras"), tmp_path / "out")


def test_an_address_that_does_not_answer_is_two_lines(downloads, tmp_path):
    download, dataset = downloads("url")
    download = download.model_copy(update={"url": "http://127.0.0.1:9/"})
    with pytest.raises(RefusedError) as refused:
        fetch("url", download, dataset, tmp_path / "out")
    assert len(str(refused.value).splitlines()) == 2


def test_kaggle_without_kagglehub_names_the_extra(downloads, monkeypatch, tmp_path):
    download, dataset = downloads("kaggle")
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(WrongUseError, match=r"pip install 'pedigree\[kaggle\]'"):
        fetch("kaggle", download, dataset, tmp_path / "out")


def test_keras_downloads_what_the_mirror_lacks(
    downloads, fashion, tmp_path, monkeypatch
):
    download, dataset = downloads("keras")
    lacking = fashion / download.files[-1].name
    content = lacking.read_bytes()
    lacking.unlink()

    def loader(_: str, home: Path) -> None:
        cache = home / "datasets/fashion-mnist"
        assert {path.name for path in cache.iterdir()} == {
            file.name for file in download.files[:-1]
        }
        (cache / lacking.name).write_bytes(content)

    monkeypatch.setattr("pedigree.data.formats.keras.download", loader)
    assert fetch("keras", download, dataset, tmp_path / "out")[lacking.name] == content


def test_the_bundled_files_are_those_of_the_package(downloads, tmp_path):
    got = fetch("sklearn", *downloads("sklearn"), tmp_path / "out")
    bundled = files("sklearn.datasets.data") / "iris.csv"
    assert got["iris.csv"] == bundled.read_bytes()


def test_a_file_that_did_not_come_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="no such file"):
        require_pinned(
            tmp_path / "a", RemoteFile(name="a", sha256="0" * 64), "The download"
        )
