"""What every format must do, then what is particular to one."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import TypeAdapter

from pedigree.data.formats import keras as keras_loader
from pedigree.data.raw import images_of
from pedigree.errors import PedigreeError, RefusedError, WrongUseError
from pedigree.params.datasets import Table

MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", "../shared/data")).absolute()
FORMATS = (
    *("csv", "csv_images", "csv_numbers", "image_folder", "image_masks"),
    *("keras", "text"),
)


def read(section: dict, folder: Path) -> dict[str, pa.Table]:
    table = TypeAdapter(Table).validate_python(section)
    tables = import_module(f"pedigree.data.formats.{table.format}").read(table, folder)
    return {split: whole(rows) for split, rows in tables.items()}


def whole(rows: pa.Table | Iterator[pa.RecordBatch]) -> pa.Table:
    return rows if isinstance(rows, pa.Table) else pa.Table.from_batches(rows)


def csv(**changes: object) -> dict:
    return {"format": "csv", "files": {"all": "a.csv"}, **changes}


def csv_images(**changes: object) -> dict:
    section = {"format": "csv_images", "files": {"all": "a.csv"}, "header": False}
    return {**section, "label": "first", "height": 2, "width": 2, **changes}


def csv_numbers(**changes: object) -> dict:
    section = {"format": "csv_numbers", "files": {"all": "a.csv"}, "header": False}
    section |= {"columns": ("a", "b"), "type": "float32", "whole": ("a",)}
    return {**section, **changes}


def image_folder(**changes: object) -> dict:
    section = {"format": "image_folder", "classes": ("cat", "dog")}
    return {**section, "splits": {"all": {"pattern": "{class}.*.png"}}, **changes}


def image_masks(**changes: object) -> dict:
    section = {"format": "image_masks", "images": "images/*", "masks": "masks/*"}
    return {**section, **changes}


def picture(path: Path, shape: tuple[int, ...], value: int = 0) -> np.ndarray:
    """Write an image without loss, and return its pixels."""
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape) + np.uint8(value)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="png")
    return pixels


def text() -> dict:
    return {"format": "text", "files": {"all": "a.txt"}}


def keras(name: str, **changes: object) -> dict:
    return {"format": "keras", "name": name, **changes}


@pytest.fixture
def samples(tmp_path: Path, fashion: Path) -> Callable[[str], tuple[dict, Path]]:
    """A table section of each format, and the folder with its files."""
    (tmp_path / "a.csv").write_text("a,b\n1,x\n")
    (tmp_path / "i.csv").write_text("3,0,1,2,255\n")
    (tmp_path / "n.csv").write_text("1.000e+00,2.5e-01\n")
    (tmp_path / "a.txt").write_text("first\n\nlast\n")
    for name in ("cat.1.png", "dog.1.png", "images/a.png"):
        picture(tmp_path / "folders" / name, (2, 3, 3))
    picture(tmp_path / "folders/masks/a.png", (2, 3), value=1)
    return {
        "csv": (csv(), tmp_path),
        "csv_images": (csv_images(files={"all": "i.csv"}), tmp_path),
        "csv_numbers": (csv_numbers(files={"all": "n.csv"}), tmp_path),
        "keras": ({"format": "keras", "name": "fashion_mnist"}, fashion),
        "image_folder": (image_folder(), tmp_path / "folders"),
        "image_masks": (image_masks(), tmp_path / "folders"),
        "text": (text(), tmp_path),
    }.__getitem__


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_reads_its_files(format_, samples):
    section, folder = samples(format_)
    tables = read(section, folder)
    plain = {
        "csv": {"a": [1], "b": ["x"]},
        "csv_numbers": {"a": [1], "b": [0.25]},
        "text": {"line": ["first", "", "last"]},
    }
    if format_ in plain:
        assert tables["all"].to_pydict() == plain[format_]
        return
    if format_ in ("image_folder", "image_masks"):
        further = {"label": [0, 1]} if format_ == "image_folder" else {}
        further = further or {"mask": [bytes(range(1, 7))]}
        rows = len(*further.values())
        sides = {"height": [2] * rows, "width": [3] * rows, "channels": [3] * rows}
        pixels = {"image": [bytes(range(18))] * rows}
        assert tables["all"].to_pydict() == {**pixels, **sides, **further}
        return
    split, labels = "all", [3]
    pixels = np.array([0, 1, 2, 255])
    if format_ == "keras":
        split, labels = "test", list(range(10))
        content = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
        pixels = np.frombuffer(content, np.uint8, offset=16)
    np.testing.assert_array_equal(images_of(tables[split]).ravel(), pixels)
    assert tables[split]["label"].to_pylist() == labels


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_says_which_file_is_missing(format_, samples, tmp_path):
    section, _ = samples(format_)
    with pytest.raises(WrongUseError, match=r"weather/.* must exist") as error:
        read(section, tmp_path / "weather")
    assert "dvc repro fetch@weather" in error.value.remedy


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


@pytest.mark.parametrize(
    ("label", "row"), [("first", "9,7,1,2,3,4"), ("last", "9,1,2,3,4,7")]
)
def test_a_number_of_the_row_stands_first_and_is_kept(label, row, tmp_path):
    (tmp_path / "a.csv").write_text(f"{row}\n")
    table = read(csv_images(id=True, label=label), tmp_path)["all"]
    assert (table["id"].to_pylist(), table["label"].to_pylist()) == ([9], [7])
    assert images_of(table).ravel().tolist() == [1, 2, 3, 4]


def test_labels_are_missing_in_an_unlabelled_split(tmp_path):
    (tmp_path / "a.csv").write_text("7,1,2,3,4\n")
    (tmp_path / "b.csv").write_text("1,2,3,4\n")
    files = {"train": "a.csv", "test": "b.csv"}
    tables = read(csv_images(files=files, unlabelled=("test",)), tmp_path)
    together = pa.concat_tables(tables.values())
    assert together["label"].to_pylist() == [7, None]
    assert images_of(together)[0].tolist() == images_of(together)[1].tolist()


@pytest.mark.parametrize("section", [csv(), csv_images()])
def test_compressed_files_are_read_alike(section, tmp_path):
    content = b"1,2,3,4,5\n6,7,8,9,10\n"
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    plain = read(section, tmp_path)["all"]
    compressed = read({**section, "files": {"all": "a.csv.gz"}}, tmp_path)["all"]
    assert compressed.equals(plain)


@pytest.mark.parametrize("rows", [None, 1, 60, 100])
@pytest.mark.parametrize("header", [True, False])
def test_numbers_are_read_block_by_block(header, rows, tmp_path, monkeypatch):
    monkeypatch.setattr("pedigree.data.formats.csv_numbers.BLOCK_BYTES", 1024)
    numbers = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    numbers[:, 0] = np.arange(100)
    lines = [",".join(f"{x:.18e}" for x in row) for row in numbers]
    content = "\n".join(["x,y,z"] * header + lines) + "\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content.encode()))
    section = csv_numbers(
        files={"all": "a.csv.gz"}, header=header, columns=("a", "b", "c"), rows=rows
    )
    table = read(section, tmp_path)["all"]
    assert rows == 1 or table["b"].num_chunks > 1
    assert [str(type_) for type_ in table.schema.types] == ["int64", "float", "float"]
    for place, name in enumerate("abc"):
        np.testing.assert_array_equal(table[name], numbers[:rows, place])


@pytest.mark.parametrize("label", ["first", "last"])
@pytest.mark.parametrize("header", [True, False])
def test_images_are_read_row_by_row(label, header, tmp_path, monkeypatch):
    monkeypatch.setattr("pedigree.data.formats.csv_images.BLOCK_BYTES", 64)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (50, 4))
    labels = np.arange(50)
    columns = [labels, pixels] if label == "first" else [pixels, labels]
    lines = [",".join(map(str, row)) for row in np.column_stack(columns)]
    head = ["the,header,is,left,out"] if header else []
    (tmp_path / "a.csv").write_text("\n".join([*head, *lines]) + "\n")
    table = read(csv_images(label=label, header=header), tmp_path)["all"]
    assert table["image"].num_chunks > 1
    np.testing.assert_array_equal(images_of(table), pixels.reshape(50, 2, 2, 1))
    assert table["label"].to_pylist() == labels.tolist()


@pytest.mark.parametrize(
    ("section", "content", "received"),
    [
        (csv(), "a,b\n", "no row"),
        (csv(), "", "Empty CSV file"),
        (csv(), "a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
        (csv(), "a,a\n1,2\n", "two columns of one name"),
        (csv(skip_rows=1, columns=("a", "b", "c")), "h\n1,2\n", "Expected 3 columns"),
        (csv(files={"all": "broken.gz"}), "", "gzip"),
        (csv_numbers(), "", "Empty CSV file"),
        (csv_numbers(header=True), "a,b\n", "no rows"),
        (csv_numbers(rows=3), "1,2\n3,4\n", "2 rows"),
        (csv_numbers(), "1,2\n3\n", "Expected 2 columns, got 1"),
        (csv_numbers(), "1,x\n", "'x'"),
        (csv_numbers(), "1,\n", "''"),
        (csv_numbers(), "1.5,2\n", "truncated"),
        (csv_images(), "", "Empty CSV file"),
        (csv_images(header=True), "label,a,b,c,d\n", "no row"),
        (csv_images(), "1,2,3,4\n", "Expected 5 columns, got 4"),
        (csv_images(), "1,2,3,4,256\n", "256"),
        (csv_images(), "1,2,3,4,x\n", "'x'"),
        (csv_images(), "1,2,3,4,\n", "''"),
        (csv_images(id=True), "7,1,2,3,4\n", "Expected 6 columns, got 5"),
        (csv_images(id=True), "x,7,1,2,3,4\n", "'x'"),
        (csv_images(unlabelled=("all",)), "7,1,2,3,4\n", "Expected 4 columns, got 5"),
    ],
)
def test_a_malformed_csv_is_refused_in_two_lines(section, content, received, tmp_path):
    (tmp_path / "a.csv").write_text(content)
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"a,b\n1,2\n" * 99)[:30])
    with pytest.raises(RefusedError) as error:
        read(section, tmp_path)
    assert len(str(error.value).splitlines()) == 2
    if received != "gzip":
        assert received in error.value.rule


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a\r\nb", ["a\r", "b"]),
        (b"\xef\xbb\xbfa\n", ["\ufeffa"]),
        (b"\n\n", ["", ""]),
        (b"a\x0bb\x0c\xc2\x85c\n", ["a\x0bb\x0c\x85c"]),
    ],
)
def test_only_a_line_feed_ends_a_line(content, lines, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    assert read(text(), tmp_path)["all"]["line"].to_pylist() == lines


@pytest.mark.parametrize(
    ("content", "received"), [(b"", "an empty file"), (b"a\xe4", "at byte 1")]
)
def test_what_is_no_text_is_refused_in_two_lines(content, received, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read(text(), tmp_path)
    assert received in refused.value.rule
    assert len(str(refused.value).splitlines()) == 2


def test_splits_with_other_columns_are_refused(tmp_path):
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    (tmp_path / "test.csv").write_text("a,c\n1,2\n")
    with pytest.raises(RefusedError, match="train and test differ in b, c"):
        read(csv(files={"train": "train.csv", "test": "test.csv"}), tmp_path)


def test_the_keras_format_never_downloads(fashion):
    (fashion / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(PedigreeError, match="only fetch may download"):
        read({"format": "keras", "name": "fashion_mnist"}, fashion)


SEQUENCES = st.lists(st.lists(st.integers(0, 99)), min_size=1)


@given(SEQUENCES)
def test_sequences_of_a_loader_come_back_as_they_were(sequences):
    labels = np.arange(len(sequences))
    # As the loaders do it: lists of one length become a matrix of objects.
    x = np.array(sequences, dtype="object")
    with TemporaryDirectory() as folder:
        keras_loader.save_split(Path(folder, "train"), x, labels)
        received, y = keras_loader.load_split(Path(folder, "train"))
    assert received.to_pylist() == sequences
    np.testing.assert_array_equal(y, labels)


@pytest.mark.parametrize(
    "columns", [None, ["a"], ["a", "b", "c", "d"], ["a", "a", "b"]]
)
def test_every_column_of_a_plain_table_is_named(columns, tmp_path, monkeypatch):
    def load(*_: object, **__: object) -> dict:
        return {"train": (np.ones((4, 2)), np.arange(4.0))}

    (tmp_path / "published.npz").touch()
    monkeypatch.setattr(keras_loader, "load", load)
    named = read(keras("a_table", columns=("a", "b", "c")), tmp_path)["train"]
    assert named.to_pydict() == {"a": [1.0] * 4, "b": [1.0] * 4, "c": [0.0, 1, 2, 3]}
    with pytest.raises(WrongUseError, match="each of the 3 columns"):
        read(keras("a_table", columns=columns and tuple(columns)), tmp_path)


def test_images_take_no_names_of_columns(tmp_path, monkeypatch):
    def load(*_: object, **__: object) -> dict:
        return {"train": (np.ones((4, 2, 2), np.uint8), np.arange(4))}

    (tmp_path / "published.npz").touch()
    monkeypatch.setattr(keras_loader, "load", load)
    assert images_of(read(keras("images"), tmp_path)["train"]).shape == (4, 2, 2, 1)
    with pytest.raises(WrongUseError, match="each of the 0 columns"):
        read(keras("images", columns=("a",)), tmp_path)


@pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no mirror of real data at {MIRROR}")
def test_the_loader_of_texts_keeps_all_words_but_the_last():
    folder = MIRROR / "reuters"
    tables = read(keras("reuters"), folder)
    assert {split: len(table) for split, table in tables.items()} == {
        "train": 8982,
        "test": 2246,
    }
    assert tables["train"].column_names == ["tokens", "label"]
    assert len(tables["train"]["tokens"][0]) == 87  # as published
    tokens = pc.list_flatten(
        pa.concat_tables(tables.values())["tokens"].combine_chunks()
    ).to_numpy()
    words = json.loads((folder / "reuters_word_index.json").read_text())
    assert tokens.max() == max(words.values()) + 3 - 1
    assert (tokens == 2).sum() == 1
