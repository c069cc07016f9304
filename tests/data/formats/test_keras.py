"""What is particular to the datasets of Keras."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.data.formats import keras as keras_loader
from pedigree.data.raw import images_of
from pedigree.errors import PedigreeError, WrongUseError
from table_sections import (
    keras,
    read,
)

MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", "../shared/data")).absolute()


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
