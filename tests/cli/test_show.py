"""`pedigree show`: predicted rows beside their raw data."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from command_line import HEAVY, imported, run, two_lines
from pedigree.catalogue.activation import activate
from pedigree.catalogue.read import read_catalogue

TABLE, REVIEWS = "breast_cancer_mlp", "imdb_64_32"


def write(path: str, table: pa.Table) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def predicted(experiment: str, columns: dict[str, list[Any]]) -> None:
    table = pa.Table.from_pandas(pd.DataFrame(columns))
    write(f"reports/{experiment}/predictions.parquet", table)


@pytest.fixture
def table(project: Path) -> None:
    """Four raw rows, of which three were predicted."""
    assert project.exists()
    raw = pa.table({"mean radius": [1.0, 2.0, 3.0, 4.0], "target": [0, 1, 1, 0]})
    write("data/raw/breast_cancer/all.parquet", raw)
    shares = {f"probability_{n}": [0.1 * n] * 3 for n in range(1, 6)}
    labels = {"label": ["b", "a", "a"], "predicted": ["b", "b", "a"]}
    predicted(TABLE, {"row": [3, 1, 2], **labels, **shares})


@pytest.mark.usefixtures("table")
def test_rows_beside_their_raw_data() -> None:
    shown = json.loads(run("show", TABLE, "--json").stdout)
    assert [each["row"] for each in shown] == [3, 1, 2]
    assert [each["raw"]["mean radius"] for each in shown] == [4.0, 2.0, 3.0]
    # The three likeliest of five classes.
    likely = {f"probability_{n}" for n in (3, 4, 5)}
    assert set(shown[0]["answer"]) == {"label", "predicted", *likely}
    (one,) = json.loads(run("show", TABLE, "1", "--json").stdout)
    assert (one["answer"]["label"], one["answer"]["predicted"]) == ("a", "b")
    text = run("show", TABLE, "1").stdout
    assert text.splitlines()[:3] == ["row 1", "  label: a", "  predicted: b"]
    assert "  mean radius: 2.0" in text


def test_tokens_are_words(project: Path) -> None:
    activate(read_catalogue(), [REVIEWS])
    labels = pa.array([0, 1])
    for split, tokens in (("train", [[1, 4], [5]]), ("test", [[1, 5, 4, 2, 9], [4]])):
        column = pa.array(tokens, pa.list_(pa.int32()))
        table = pa.table({"tokens": column, "label": labels})
        write(f"data/raw/imdb/{split}.parquet", table)
    predicted(REVIEWS, {"row": [2, 3], "label": ["n", "p"], "predicted": ["n", "n"]})
    assert "  tokens: [1, 5, 4, 2, 9]" in run("show", REVIEWS, "2").stdout
    words = project / "data/external/imdb/imdb_word_index.json"
    words.parent.mkdir(parents=True)
    words.write_text(json.dumps({"good": 1, "film": 2}), "utf-8")
    assert "  tokens: ? film good ? ?" in run("show", REVIEWS, "2").stdout


@pytest.mark.usefixtures("project")
def test_images_by_their_size_and_several_tokens_of_a_line() -> None:
    raw = pa.table({"image": [b"1234"], "label": [7]})
    write("data/raw/digits/all.parquet", raw)
    predicted("digits_convnet", {"row": [0, 0], "actual": ["a", "b"]})
    text = run("show", "digits_convnet").stdout
    assert "  image: 4 bytes" in text and "  actual: ['a', 'b']" in text
    assert text.count("row 0") == 1


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["nothing"], "ID must be an active experiment. Received: 'nothing'"),
        (["digits_convnet"], "must have predicted rows to show. Received: digits_conv"),
        ([TABLE, "0"], "ROW must be one that was predicted. Received: 0"),
    ],
)
def test_what_cannot_be_shown(arguments: list[str], rule: str) -> None:
    told, _ = two_lines(run("show", *arguments))
    assert rule in told


@pytest.mark.usefixtures("table")
def test_nothing_heavy_is_imported(project: Path) -> None:
    assert imported(project, ["show", TABLE]) & set(HEAVY) == set()
