from pathlib import Path

import pytest
from dvc.utils.serialize import dump_yaml, load_yaml
from hypothesis import given
from hypothesis import strategies as st

from pedigree.errors import WrongUseError
from pedigree.tracking.dvc_entry import (
    DvcEntry,
    key_of,
    open_pipeline_file,
    parameters_of,
)

ENTRY = {
    "cmd": "python train.py",
    "deps": [{"path": "a", "hash": "md5", "md5": "0a", "size": 1}],
    "params": {"params.yaml": {"experiments.one.train": {"rate": 0.1, "epochs": 2}}},
}

SCALARS = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=9)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc_", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_the_key_survives_the_lock_file(tmp_path_factory, value: object) -> None:
    entry = ENTRY | {"params": {"params.yaml": {"experiments.one.train": value}}}
    path = tmp_path_factory.getbasetemp() / "dvc.lock"
    dump_yaml(str(path), entry)
    assert key_of(load_yaml(str(path))) == key_of(entry)


def test_the_key_leaves_out_what_does_not_shape_the_result() -> None:
    dependency = {"path": "a", "md5": "0a", "size": 2, "nfiles": 1}
    same = ENTRY | {"outs": [{"path": "b", "md5": "0b"}], "deps": [dependency]}
    assert key_of(same) == key_of(ENTRY)


@pytest.mark.parametrize(
    "changed",
    [
        {"cmd": "python train.py --other"},
        {"deps": [{"path": "a", "md5": "0b"}]},
        {"deps": [{"path": "b", "md5": "0a"}]},
        {"params": {"params.yaml": {"experiments.one.train": {"rate": 0.2}}}},
    ],
)
def test_the_key_changes_with(changed: dict) -> None:
    assert key_of(ENTRY | changed) != key_of(ENTRY)


def test_parameters_bear_no_name_of_an_experiment() -> None:
    entry = {
        "params": {
            "params.yaml": {
                "experiments.one.train": {"rate": 0.1},
                "downloads.digits": {"kind": "sklearn"},
            }
        }
    }
    assert parameters_of(entry) == {"train": {"rate": 0.1}, "kind": "sklearn"}


def test_the_lock_of_the_repository_is_left_alone(repository: Path) -> None:
    from dvc.repo import Repo

    with Repo(str(repository)).lock:
        entry = DvcEntry("train@one")
        assert entry.entry["cmd"] == "python train.py one f"
        assert entry.parameter("experiments.one.study") == "lessons"
        assert entry.lock_entry is None


def test_entries_that_share_a_file_parse_it_once(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc.repo import Repo

    opened = []
    init = Repo.__init__
    monkeypatch.setattr(
        Repo, "__init__", lambda self: opened.append(self) or init(self)
    )
    file = open_pipeline_file()
    entries = [DvcEntry("train@one", file) for _ in range(2)]
    assert entries[0].key == entries[1].key == DvcEntry("train@one").key
    assert len(opened) == 2
    assert repository.exists()


def test_a_folder_without_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongUseError, match="must be in a project of DVC"):
        open_pipeline_file()
