"""What is particular to tables of any columns."""

from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import Table
from table_sections import csv, read


def test_types_and_missing_values(tmp_path):
    (tmp_path / "a.csv").write_text(
        "whole,part,text,date,gap,code\n"
        "1,1.5,x,2009-12-31,NA,true\n"
        "NA, 2 ,NA,2010-01-01,NA,false\n"
        "3,nan,,2010-01-02,,true\n"
    )
    table = read(csv(missing=("NA",)), tmp_path)["all"]
    assert table.to_pydict() == {
        "whole": [1, None, 3],
        "part": [1.5, 2.0, None],
        "text": ["x", None, None],
        "date": ["2009-12-31", "2010-01-01", "2010-01-02"],
        "gap": [None, None, None],
        "code": ["true", "false", "true"],
    }
    assert [str(type_) for type_ in table.schema.types] == [
        "int64",
        "double",
        "string",
        "string",
        "string",
        "string",
    ]


def test_splits_get_one_type_and_one_order_of_columns(tmp_path):
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    (tmp_path / "test.csv").write_text("b,a\nx,0.5\n")
    tables = read(csv(files={"train": "train.csv", "test": "test.csv"}), tmp_path)
    assert tables["train"].to_pydict() == {"a": [1.0], "b": ["2"]}
    assert tables["test"].to_pydict() == {"a": [0.5], "b": ["x"]}


def test_quoted_texts_go_over_lines_wherever_arrow_cuts_the_file(tmp_path):
    text = "x" * 50 + "\n" + "y" * 50
    (tmp_path / "a.csv").write_text("a,b\n" + f'1,"{text}"\n' * 30_000)
    table = read(csv(), tmp_path)["all"]
    assert table.num_rows == 30_000
    assert table["b"].unique().to_pylist() == [text]


def test_names_in_the_place_of_an_unusable_header(tmp_path):
    (tmp_path / "a.csv").write_text("2,2,no,yes\n1,2\n3,4\n")
    section = csv(skip_rows=1, columns=("a", "b"))
    assert read(section, tmp_path)["all"].to_pydict() == {"a": [1, 3], "b": [2, 4]}


def test_white_space_separates_however_long(tmp_path):
    (tmp_path / "a.csv").write_text(" 1\t\t2.5  a,b\r\n3 4\tc \n")
    section = csv(separator="white space", columns=("a", "b", "c"))
    table = read(section, tmp_path)["all"]
    assert table.to_pydict() == {"a": [1, 3], "b": [2.5, 4.0], "c": ["a,b", "c"]}


VARIETIES = csv(leave_out=(0, 3), select={"column": "b", "values": (1, "x")})


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, [2, 3]),
        ({"leave_out": ()}, [1, 2, 3, 4]),
        ({"select": None}, [2, 3, 5]),
        ({"select": {"column": "b", "values": ("1",)}}, [3]),
    ],
)
def test_the_rows_that_are_asked_for_are_read(changes, wanted, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,x\n2,x\n3,1\n4,1\n5,2\n")
    assert read({**VARIETIES, **changes}, tmp_path)["all"]["a"].to_pylist() == wanted


def test_whole_numbers_are_selected_by_their_value(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,1\n2,3\n3,\n")
    section = csv(select={"column": "b", "values": (3,)})
    assert read(section, tmp_path)["all"].to_pydict() == {"a": [2], "b": [3]}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"leave_out": (9,)}, "from 0 to 4. Received: .*leave_out=.9."),
        ({"select": {"column": "c", "values": (1,)}}, "select.column=c"),
        ({"select": {"column": "b", "values": (7,)}}, "no row with b in .7."),
    ],
)
def test_rows_that_are_not_there_are_refused_in_two_lines(changes, rule, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,x\n2,x\n3,1\n4,1\n5,2\n")
    with pytest.raises((RefusedError, WrongUseError), match=rule) as error:
        read({**VARIETIES, **changes}, tmp_path)
    assert len(str(error.value).splitlines()) == 2


def test_rows_are_left_out_of_one_file():
    files = {"train": "a.csv", "test": "b.csv"}
    with pytest.raises(ValueError, match="leave_out needs one file"):
        TypeAdapter(Table).validate_python(csv(leave_out=(0,), files=files))


ZIPPED = csv(files={"all": "a.csv.zip"})


def test_a_zip_is_read_where_it_lies(tmp_path):
    """Archives of some systems hold what is no part of the data, too."""
    path = tmp_path / "a.csv.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._a.csv", b"\0\5\26\7")
        archive.writestr("a.csv", "a,b\n" + "1,x\n" * 30_000)
    table = read(ZIPPED, tmp_path)["all"]
    assert table.to_pydict() == {"a": [1] * 30_000, "b": ["x"] * 30_000}
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("name", "damage", "rule"),
    [
        ("b.csv", bytes, r"no a\.csv in the archive"),
        ("a.csv", lambda whole: whole[:60], "not a zip file"),
        ("a.csv", lambda whole: whole.replace(b"1,x", b"1,y", 1), "Bad CRC-32"),
    ],
)
def test_a_damaged_zip_is_refused(tmp_path, name, damage, rule):
    path = tmp_path / "a.csv.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr(name, "a,b\n1,x\n")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RefusedError, match=rule):
        read(ZIPPED, tmp_path)


TIMES = csv(time={"column": "t", "written": "%d.%m.%Y %H:%M"})


def test_times_are_read_and_rows_stay_in_their_order(tmp_path):
    (tmp_path / "a.csv").write_text("t,a\n02.01.2009 00:10,1\n,2\n01.01.2009 10:00,3\n")
    table = read(TIMES, tmp_path)["all"]
    assert pa.types.is_timestamp(table.schema.field("t").type)
    times = [datetime(2009, 1, 2, 0, 10), None, datetime(2009, 1, 1, 10, 0)]
    assert table.to_pydict() == {"t": times, "a": [1, 2, 3]}


@pytest.mark.parametrize("wrong", ["31.02.2009 00:00", "2009-01-01", "1", "x"])
def test_a_time_that_is_none_is_refused(wrong, tmp_path):
    (tmp_path / "a.csv").write_text(f"t,a\n02.01.2009 00:10,1\n{wrong},2\n")
    with pytest.raises(RefusedError) as refused:
        read(TIMES, tmp_path)
    assert f"{wrong!r} in row 1 (from 0) of t, 1 in all" in refused.value.rule
    assert len(str(refused.value).splitlines()) == 2


def test_a_column_of_times_has_to_be_there(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(WrongUseError, match=r"time\.column=t") as wrong:
        read(TIMES, tmp_path)
    assert "a, b" in wrong.value.remedy


def test_splits_with_other_columns_are_refused(tmp_path):
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    (tmp_path / "test.csv").write_text("a,c\n1,2\n")
    with pytest.raises(RefusedError, match="train and test differ in b, c"):
        read(csv(files={"train": "train.csv", "test": "test.csv"}), tmp_path)
