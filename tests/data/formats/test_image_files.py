"""Image files in their published layouts, made small."""

import shutil
from importlib import import_module
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pydantic import TypeAdapter

from pedigree.data.raw import each_image
from pedigree.errors import PedigreeError, RefusedError, WrongUseError
from pedigree.params.datasets import Table

DOGS_AND_CATS = {
    "format": "image_folder",
    "archive": "train.zip",
    "classes": ["cat", "dog"],
    "splits": {
        "train": {"pattern": "train/{class}.*.jpg", "count": 11},
        "test": {"pattern": "train/{class}.*.jpg", "first": 11, "count": 2},
    },
}
PETS = {
    "format": "image_masks",
    "archives": ["images.tar.gz", "annotations.tar.gz"],
    "images": "images/*.jpg",
    "masks": "annotations/trimaps/*.png",
    "shuffle_seed": 1337,
}


def read(section: dict, folder: Path) -> dict[str, pa.Table]:
    table = TypeAdapter(Table).validate_python(section, strict=False)
    module = import_module(f"pedigree.data.formats.{table.format}")
    splits = module.read(table, folder).items()
    return {split: pa.Table.from_batches(rows) for split, rows in splits}


def photograph(path: Path, value: int, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (4 + value % 3, 5), value if mode == "L" else (value,) * 3).save(
        path
    )


@pytest.fixture
def dogs_and_cats(tmp_path: Path) -> Path:
    """The archive of the competition: one folder, classes and numbers in the names."""
    for number in range(13):
        photograph(tmp_path / f"files/train/cat.{number}.jpg", 10 * number)
        mode = "L" if number == 0 else "RGB"  # some photographs are grey
        photograph(tmp_path / f"files/train/dog.{number}.jpg", 10 * number + 5, mode)
    folder = tmp_path / "dogs_vs_cats_small"
    shutil.make_archive(str(folder / "train"), "zip", tmp_path / "files")
    return folder


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """The two archives of the publisher: photographs; trimaps, and other files."""
    for number, name in enumerate(("beagle_1", "beagle_10", "pug_2", "pug_3")):
        photograph(tmp_path / f"files/images/{name}.jpg", 10 * number)
        trimap = np.full((5, 4 + (10 * number) % 3), 1 + number % 3, np.uint8)
        path = tmp_path / f"files/annotations/trimaps/{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(trimap).save(path)
        path.with_name(f"._{name}.png").write_bytes(b"what a file manager left")
    (tmp_path / "files/images/beagle_1.mat").write_bytes(b"no photograph")
    (tmp_path / "files/annotations/list.txt").write_text("beagle_1 1 1 1")
    folder = tmp_path / "oxford_pets"
    for name in ("images", "annotations"):
        shutil.make_archive(str(folder / name), "gztar", tmp_path / "files", name)
    return folder


def test_classes_take_turns_in_the_order_of_their_numbers(dogs_and_cats: Path) -> None:
    tables = read(DOGS_AND_CATS, dogs_and_cats)
    assert {split: len(table) for split, table in tables.items()} == {
        "train": 22,
        "test": 4,
    }
    first = 0
    for table in tables.values():
        assert table["label"].to_pylist() == [0, 1] * (len(table) // 2)
        assert set(table["channels"].to_pylist()) == {3}
        for row, image in enumerate(each_image(table)):
            value = 10 * (first + row // 2) + 5 * (row % 2)
            assert image.shape == (5, 4 + value % 3, 3)
            assert abs(image.astype(int) - value).max() <= 3  # JPEG is not exact
        first += len(table) // 2


def test_folders_of_classes_are_read_with_or_without_an_archive(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for number, name in enumerate(("cats", "dogs")):
            photograph(tmp_path / f"all/set/{split}/{name}/{name}.1.png", number)
    shutil.make_archive(str(tmp_path / "all"), "tar", tmp_path / "all")
    splits = {s: {"pattern": f"set/{s}/{{class}}/*.png"} for s in ("train", "test")}
    section = {"format": "image_folder", "classes": ["cats", "dogs"], "splits": splits}
    plain = read(section, tmp_path / "all")
    assert plain["test"]["label"].to_pylist() == [0, 1]
    assert read({**section, "archive": "all.tar"}, tmp_path) == plain


def test_pets_stand_with_their_trimaps_in_the_published_order(pets: Path) -> None:
    table = read(PETS, pets)["all"]
    order = [0, 1, 2, 3]
    Random(1337).shuffle(order)
    assert [image.shape[1] for image in each_image(table)] == [
        4 + (10 * number) % 3 for number in order
    ]
    found = [set(mask.ravel().tolist()) for mask in each_image(table, "mask")]
    assert found == [{1 + number % 3} for number in order]
    plain = read({**PETS, "shuffle_seed": None}, pets)["all"]
    assert plain.take(order).to_pydict() == table.to_pydict()


@pytest.mark.parametrize(
    ("damage", "received"),
    [
        (lambda folder: shutil.rmtree(folder), "no such file"),
        (lambda folder: (folder / "train.zip").unlink(), "no such file"),
        (lambda folder: (folder / "train.zip").write_bytes(b"PK"), "Received: "),
    ],
)
def test_a_missing_or_broken_archive_is_refused(damage, received, dogs_and_cats):
    damage(dogs_and_cats)
    with pytest.raises(PedigreeError, match=received) as refused:
        read(DOGS_AND_CATS, dogs_and_cats)
    assert len(str(refused.value).splitlines()) == 2


def test_too_few_images_are_refused(dogs_and_cats: Path) -> None:
    splits = {"train": {"pattern": "train/{class}.*.jpg", "first": 5, "count": 9}}
    with pytest.raises(RefusedError, match=r"at least 14 images .*cat.*: 13"):
        read({**DOGS_AND_CATS, "splits": splits}, dogs_and_cats)


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    for name in ("cat.1.jpg", "dog.1.jpg"):
        photograph(tmp_path / "train" / name, 1)
    whole = (tmp_path / "train/dog.1.jpg").read_bytes()
    section = {**DOGS_AND_CATS, "archive": None}
    section["splits"] = {"all": {"pattern": "train/{class}.*.jpg"}}
    assert len(read(section, tmp_path)["all"]) == 2
    for content in (b"", b"no image", whole[: len(whole) // 2]):
        (tmp_path / "train/dog.1.jpg").write_bytes(content)
        with pytest.raises(RefusedError, match=r"dog.1.jpg must be an image"):
            read(section, tmp_path)


def test_an_image_without_a_mask_of_its_size_is_refused(tmp_path: Path) -> None:
    section = {**PETS, "archives": []}
    with pytest.raises(WrongUseError, match="must exist"):
        read(section, tmp_path / "oxford_pets")
    photograph(tmp_path / "images/a.jpg", 1)
    with pytest.raises(RefusedError, match="1 images and 0 masks, a alone"):
        read(section, tmp_path)
    path = tmp_path / "annotations/trimaps/a.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(np.ones((2, 2), np.uint8)).save(path)
    with pytest.raises(RefusedError, match=r"a.png must have the height and width"):
        read(section, tmp_path)
