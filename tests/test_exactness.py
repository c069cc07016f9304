"""The same bytes from `dvc repro --force`, from another clone and for another user."""

import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from clones import Clone

# The bytes of these were looked at. No page of HTML is an output: it has times in it.
FORMATS = {".csv", ".gz", ".json", ".keras", ".npy", ".parquet", ".png", ".skops"}


@pytest.fixture
def left_alone(two_clones: tuple[Clone, Clone]) -> Clone:
    return two_clones[0]


@pytest.fixture
def elsewhere(two_clones: tuple[Clone, Clone]) -> Clone:
    return two_clones[1]


def test_another_user_elsewhere_makes_the_same_bytes(
    left_alone: Clone, elsewhere: Clone
) -> None:
    assert elsewhere.outputs() == left_alone.outputs()
    assert elsewhere.read("dvc.lock") == left_alone.read("dvc.lock")


@pytest.mark.slow
def test_forced_stages_leave_the_lock_as_it_was(elsewhere: Clone) -> None:
    lock, outputs = elsewhere.read("dvc.lock"), elsewhere.outputs()
    ran = elsewhere.repro("--force", *elsewhere.last_stages)
    assert sorted(ran) == sorted(YAML().load(lock)["stages"])
    assert elsewhere.outputs() == outputs
    assert elsewhere.read("dvc.lock") == lock


def test_no_output_holds_a_path_or_a_name(left_alone: Clone) -> None:
    for name, content in left_alone.outputs().items():
        for trace in (
            str(left_alone.folder),
            left_alone.environment["HOME"],
            "somebody",
        ):
            assert trace.encode() not in content, name


def test_no_output_is_of_a_kind_that_nobody_has_looked_at(left_alone: Clone) -> None:
    assert {Path(name).suffix for name in left_alone.outputs()} <= FORMATS


def test_archives_hold_no_times(left_alone: Clone) -> None:
    for name in left_alone.outputs():
        if name.endswith((".keras", ".skops")):
            with zipfile.ZipFile(left_alone.folder / name) as archive:
                entries = archive.infolist()
            assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
            assert not any(entry.extra or entry.comment for entry in entries)


def test_plots_hold_pixels_alone(left_alone: Clone) -> None:
    for name, content in left_alone.outputs().items():
        if name.endswith(".png"):
            assert _chunks(content) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}, name


def test_tables_hold_nothing_but_their_schema(left_alone: Clone) -> None:
    for name in left_alone.outputs():
        if name.endswith(".parquet"):
            metadata = pq.read_metadata(left_alone.folder / name).metadata or {}
            assert set(metadata) <= {b"ARROW:schema"}, name


def _chunks(png: bytes) -> set[bytes]:
    found, position = set(), 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4])
        found.add(png[position + 4 : position + 8])
        position += 12 + length
    return found
