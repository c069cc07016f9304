"""What names the columns of a CSV: no line that is neither names nor published so."""

from dataclasses import replace
from pathlib import Path

import pytest

from pedigree.errors import WrongUseError
from pedigree.params.datasets import CsvTable
from pedigree.serving.batch import predict_file
from pedigree.serving.header import Header, find_header
from pedigree.serving.version import ServedVersion

NAMES = ("Temp", "Wind", "Cloud", "Rain")
PATH = Path("in.csv")


@pytest.fixture
def table(weather: ServedVersion) -> CsvTable:
    """As scikit-learn publishes a table: a first line that names no column."""
    return weather.table.model_copy(update={"columns": NAMES, "skip_rows": 1})


def read(version: ServedVersion, table: CsvTable, *lines: str) -> Header:
    values = [line.split(",") for line in lines]
    return find_header(PATH, values, table, version.meta.columns)


@pytest.mark.parametrize("first", ["3,4,dry,wet", "2,dry,wet", "The weather"])
def test_a_file_as_the_source_has_it(weather, table, first: str) -> None:
    published = Header(list(NAMES), 1)
    assert read(weather, table, first, "1.5,N,9,wet") == published
    assert read(weather, table, first, "NA,S,1,") == published
    without = table.model_copy(update={"skip_rows": 0})
    assert read(weather, without, "1.5,N,9,wet") == Header(list(NAMES))


def test_a_first_line_of_names(weather, table) -> None:
    for line in ("Cloud,Temp", "x,Cloud", "1,Cloud,Rain,2"):
        assert read(weather, table, line, "1,2,3,4") == Header()
    anywhere = table.model_copy(update={"columns": None})
    assert read(weather, anywhere, "a,b") == Header()


@pytest.mark.parametrize("skipped", [0, 1])
@pytest.mark.parametrize(
    "lines",
    [
        ["the cloud,wind,temp,rain", "9,N,1.5,wet"],  # another order
        ["the temp,wind,cloud,rain", "1.5,N,9,wet"],
        ["the temp,wind,cloud", "1.5,N,9"],  # without the label
        [",temp,wind,cloud,rain", "0,1.5,N,9,wet"],  # with the index of pandas
        ["1.5,N,9", "1.5,N,8"],
        ["The weather"],
    ],
)
def test_unknown_names_are_refused(weather, table, skipped: int, lines) -> None:
    table = table.model_copy(update={"skip_rows": skipped})
    with pytest.raises(WrongUseError) as caught:
        read(weather, table, *lines)
    assert f"Received: {lines[0].replace(',', ', ')}"[:40] in caught.value.rule
    assert "with all 4 columns in their order" in caught.value.rule
    assert caught.value.remedy.endswith("The model takes Temp, Wind, Cloud.")


def test_no_row_is_taken_for_a_line_to_leave_out(weather, table, tmp_path) -> None:
    version = replace(weather, table=table)
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("1.5,N,9,wet\n2.5,S,1,dry\n")
    with pytest.raises(WrongUseError, match=r"Received: 1\.5, N, 9, wet"):
        predict_file(version, source, target)
    assert not target.exists()
    source.write_text("2,dry,wet\n1.5,N,9,wet\n2.5,S,1,dry\n")
    assert predict_file(version, source, target, columns=["label"]) == 2


def test_images_have_names_where_the_first_line_is_no_row(make_images) -> None:
    pixels = ["pixel1", "pixel2", "pixel3", "pixel4"]
    last = make_images("classes").table
    first = last.model_copy(update={"label": "first"})
    for line in (pixels, ["a", "b", "c", "d"], ["1", "2", "3", "label"]):
        assert find_header(PATH, [line], last, ()) == Header()
    row = ["0", "0", "9", "0"]
    assert find_header(PATH, [row], last, ()) == Header(pixels)
    assert find_header(PATH, [[*row, "7"]], last, ()) == Header([*pixels, "label"])
    assert find_header(PATH, [["7", *row]], first, ()) == Header(["label", *pixels])


@pytest.mark.parametrize(("header", "count"), [(True, 4), (False, 3), (False, 6)])
def test_images_without_names_are_refused(make_images, header: bool, count: int):
    table = make_images("classes").table.model_copy(update={"header": header})
    with pytest.raises(WrongUseError, match=f"Received: {count} numbers\nName the col"):
        find_header(PATH, [["0"] * count], table, ())
