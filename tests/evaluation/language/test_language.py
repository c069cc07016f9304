"""The figures of a language model, and what is written of them."""

import csv
import json
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from rich.console import Console

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.inspection import Subject, inspect
from pedigree.evaluation.language import task
from pedigree.evaluation.language.figures import WeightedTokens
from pedigree.params.evaluate import Evaluate

ROOT = Path(__file__).resolve().parents[3]
CLASSES = ("<unk>", " ", "a", "b")
META = Meta("tokens", "line", CLASSES, (1,), None, ("character",), (), {}, {})


def uniform(x):
    return np.full((*x.shape[:2], 4), 0.25, np.float32)


def likes_a(x):
    return np.tile(np.array([0.1, 0.1, 0.6, 0.2], np.float32), (*x.shape[:2], 1))


def arrays(count, seed=0):
    y = np.random.default_rng(seed).integers(0, 4, count)
    return Arrays(np.roll(y, 1)[:, None], y, np.arange(count) // 7)


def parameters(**changes):
    section = {"task": "language", "splits": ["train", "test"]}
    section["bootstrap"] = {"resamples": 200, "confidence": 0.9, "seed": 0, "block": 5}
    section["generation"] = {"prefixes": ["ab", "b a"], "tokens": 4}
    return TypeAdapter(Evaluate).validate_json(json.dumps(section | changes))


def measured(model, **changes):
    splits = {"train": arrays(40), "test": arrays(33, seed=1)}
    outputs = {name: task.predict(model, each.x) for name, each in splits.items()}
    return task.measure(outputs, splits, META, parameters(**changes)), outputs, splits


def test_a_model_that_knows_nothing_has_the_perplexity_of_the_vocabulary():
    metrics, _, _ = measured(uniform)
    for split, rows in {"train": 40, "test": 33}.items():
        figures = metrics[split]
        assert figures["rows"] == rows
        assert figures["perplexity"] == pytest.approx(4)
        assert figures["bits_per_character"] == pytest.approx(2)
        assert figures["cross_entropy"] == pytest.approx(np.log(4))


def test_figures_are_those_of_the_tokens_that_came():
    metrics, _, splits = measured(likes_a)
    y = splits["test"].y
    expected = -np.log(np.array([0.1, 0.1, 0.6, 0.2])[y]).mean()
    assert metrics["test"]["cross_entropy"] == pytest.approx(expected)
    assert metrics["test"]["perplexity"] == pytest.approx(np.exp(expected))
    assert metrics["test"]["accuracy"] == pytest.approx((y == 2).mean())
    assert list(metrics["intervals"]) == ["test"]
    for name, ends in metrics["intervals"]["test"].items():
        assert ends["low"] < metrics["test"][name] < ends["high"]


def test_a_token_counts_as_often_as_it_was_drawn():
    y = np.array([2, 2, 2, 0, 0, 0, 1])
    text = WeightedTokens(likes_a(y[None, :, None])[0], y, "character")
    counts = np.array([2, 2, 2, 0, 0, 0, 1])
    twice = dict(zip(text.names, text(counts), strict=True))
    assert twice["accuracy"] == pytest.approx(6 / 7)
    alone = dict(zip(text.names, text(np.arange(7) == 4), strict=True))
    assert alone["perplexity"] == pytest.approx(10)


def test_a_probability_of_nothing_costs_no_more_than_in_training():
    y = np.array([1, 1])
    certain = np.array([[1, 0, 0, 0], [0, 1, 0, 0]], np.float32)
    text = WeightedTokens(certain, y, "word")
    values = dict(zip(text.names, text(np.ones(2, np.int64)), strict=True))
    assert values["cross_entropy"] == pytest.approx(-np.log(1e-7) / 2)
    assert "bits_per_word" in values


def test_what_is_no_probability_is_refused():
    with pytest.raises(RefusedError, match="probabilities must be in"):
        measured(lambda x: uniform(x) * np.nan)


def test_a_text_is_asked_for():
    table = Meta("tabular", "y", CLASSES, (1,), None, ("x",), (), {}, {})
    with pytest.raises(WrongUseError, match="of the kind tabular"):
        task.measure({}, {}, table, parameters())


def write(folder):
    for name in ("plots", "tables"):
        (folder / name).mkdir(parents=True)
    _, outputs, splits = measured(likes_a)
    shown = (outputs["test"], splits["test"], META)
    task.write_predictions(folder / "predictions.parquet", *shown)
    task.write_points(folder / "language.csv", *shown)
    task.write_tables(folder / "tables", *shown)
    task.draw(folder / "plots", *shown, parameters())
    subject = Subject(Path("model.keras"), likes_a, splits, META, {})
    inspect(subject, parameters(), folder / "plots", folder / "tables")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_is_written_is_written_again_alike(tmp_path):
    first = write(tmp_path / "first")
    assert first == write(tmp_path / "again")
    assert set(first) == {
        *("predictions.parquet", "language.csv", "plots/cross_entropy.png"),
        *("tables/confusions.csv", "tables/generated.txt"),
    }
    assert first["tables/generated.txt"] == b"abaaaa\nb aaaaa\n"
    predictions = pq.read_table(tmp_path / "first/predictions.parquet").to_pydict()
    y = arrays(33, seed=1).y
    assert predictions["actual"] == [CLASSES[n] for n in y]
    assert set(predictions["predicted"]) == {"a"}
    with (tmp_path / "first/language.csv").open(newline="") as file:
        header, *lines = csv.reader(file)
    template = (ROOT / ".dvc/plots/language.json").read_text("utf-8")
    assert len(lines) == 33
    assert all(f'"field": "{name}"' in template for name in header)
    confusions = (tmp_path / "first/tables/confusions.csv").read_text().splitlines()
    assert sum(int(line.split(",")[-1]) for line in confusions[1:]) == (y != 2).sum()


def test_a_terminal_shows_the_figures():
    metrics, _, _ = measured(likes_a)
    console = Console(width=120, record=True, file=StringIO())
    console.print(*task.tables(metrics))
    text = console.export_text()
    assert f"{metrics['test']['perplexity']:.4f}" in text
    assert "test interval" in text
