"""What every format must do, then what those of CSV files must."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pedigree.data.raw import images_of
from pedigree.errors import RefusedError, WrongUseError
from table_sections import (
    csv,
    csv_images,
    csv_numbers,
    image_folder,
    image_masks,
    picture,
    read,
    text,
)

FORMATS = (
    *("csv", "csv_images", "csv_numbers", "image_folder", "image_masks"),
    *("keras", "text"),
)


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


@pytest.mark.parametrize("section", [csv(), csv_images()])
def test_compressed_files_are_read_alike(section, tmp_path):
    content = b"1,2,3,4,5\n6,7,8,9,10\n"
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    plain = read(section, tmp_path)["all"]
    compressed = read({**section, "files": {"all": "a.csv.gz"}}, tmp_path)["all"]
    assert compressed.equals(plain)


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
