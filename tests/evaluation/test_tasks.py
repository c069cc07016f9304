"""Every task goes through the same checks; a new one adds a line here."""

import csv
import json
import re
from dataclasses import replace
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from rich.console import Console

from pedigree import evaluation
from pedigree.data.prepared import Arrays, Meta, Windows
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.evaluate import Evaluate
from pedigree.sections import leaves

ROOT = Path(__file__).resolve().parents[2]
SPLITS = {"train": 40, "validation": 12, "test": 25}
IMAGES = np.random.default_rng(0).integers(0, 17, (40, 4, 3, 1), np.uint8)


def of_classes(x: np.ndarray) -> np.ndarray:
    """A model that knows something of three classes: outputs of a softmax."""
    scores = np.exp(x.reshape(len(x), -1)[:, :3] / 8)
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def of_numbers(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)[:, :1].astype(np.float32) / 16


def of_inputs(x: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(len(x)).normal(0, 0.05, x.shape)
    return (x / 16 + noise).astype(np.float32)


def of_places(x: np.ndarray) -> np.ndarray:
    """A model that knows something of the class of each pixel, or of the next token."""
    places = x[..., 0] / 8
    scores = np.exp(np.stack([places, 2 - places, np.ones(places.shape)]))
    return np.moveaxis(scores / scores.sum(axis=0), 0, -1).astype(np.float32)


# Per task: a model, the names of the classes, and what the section may ask for.
TASKS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "classification": (
        of_classes,
        ("No", "Yes/1", "Maybe"),
        {"samples": {"number": 5, "columns": 3, "seed": 0}},
    ),
    "regression": (of_numbers, None, {}),
    "reconstruction": (
        of_inputs,
        None,
        {"samples": {"number": 5, "columns": 3, "seed": 0}},
    ),
    "forecasting": (of_numbers, None, {}),
    "segmentation": (
        of_places,
        ("pet", "background", "outline"),
        {"samples": {"number": 3, "columns": 1, "seed": 0}},
    ),
    "language": (of_places, ("<unk>", "a", "b"), {}),
}


class Case:
    """A task, and arrays and outputs to measure by it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.model, classes, self.section = TASKS[name]
        self.task = import_module(f"pedigree.evaluation.{name}.task")
        self.meta = Meta("image", "y", classes, (4, 3, 1), 16.0, (), (), SPLITS, {})
        if name == "forecasting":  # windows of four steps of three features
            cut = Windows(sampling_rate=1, delay=4, feature=1, mean=2.0, deviation=1.5)
            self.meta = replace(self.meta, input_shape=(4, 3), windows=cut)
        if name == "language":  # a text of three characters
            of = {"kind": "tokens", "feature_names": ("character",)}
            self.meta = replace(self.meta, input_shape=(1,), **of)
        self.splits = {split: self.arrays(split) for split in SPLITS}
        self.outputs = {
            split: self.task.predict(self.model, arrays.x)
            for split, arrays in self.splits.items()
        }
        self.shown = (self.outputs["test"], self.splits["test"], self.meta)

    def arrays(self, split: str) -> Arrays:
        rows = SPLITS[split]
        random = np.random.default_rng(rows)
        y: Any = random.integers(0, 3, rows)
        if self.name == "segmentation":
            y = random.integers(0, 3, (rows, *IMAGES.shape[1:3]), np.uint8)
        if self.meta.classes is None:
            y = random.normal(size=rows).astype(np.float32)
        x = IMAGES.reshape(-1, *self.meta.input_shape)[:rows]
        return Arrays(x, y, np.arange(rows) * 3)

    def parameters(self, **changes: Any) -> Any:
        bootstrap = {"resamples": 100, "confidence": 0.95, "seed": 0}
        section = {"task": self.name, "splits": [*SPLITS], "bootstrap": bootstrap}
        content = json.dumps(section | self.section | changes)
        return TypeAdapter(Evaluate).validate_json(content)

    def measure(self, **changes: Any) -> Any:
        parameters = self.parameters(**changes)
        return self.task.measure(self.outputs, self.splits, self.meta, parameters)

    def write(self, folder: Path) -> dict[str, bytes]:
        """Let the task write all it can, and return what it wrote."""
        for name in ("plots", "tables"):
            (folder / name).mkdir(parents=True)
        self.task.write_predictions(folder / "predictions.parquet", *self.shown)
        self.task.write_points(folder / f"{self.name}.csv", *self.shown)
        self.task.write_tables(folder / "tables", *self.shown)
        self.task.draw(folder / "plots", *self.shown, self.parameters())
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(params=TASKS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_every_task_has_a_case() -> None:
    folder = Path(evaluation.__path__[0])
    assert {path.parent.name for path in folder.glob("*/task.py")} == set(TASKS)


def test_each_split_has_its_figures_and_the_last_one_intervals(case: Case) -> None:
    for splits in (["train", "validation", "test"], ["validation"], ["test", "train"]):
        found = case.measure(splits=splits)
        assert set(found) == {*splits, "intervals"}
        assert {split: found[split]["rows"] for split in splits} == {
            split: SPLITS[split] for split in splits
        }
        ((reported, intervals),) = found["intervals"].items()
        assert reported == splits[-1]
        figures = {".".join(path): value for path, value in leaves(found[reported])}
        assert intervals.keys() <= figures.keys()
        for name, interval in intervals.items():
            assert interval["low"] <= figures[name] <= interval["high"]


def test_a_repeat_is_told_by_the_figures_of_a_split(case: Case) -> None:
    """Models that were trained with other seeds are measured split by split."""
    found = case.measure()
    for split, outputs in case.outputs.items():
        figures = case.task.figures(outputs, case.splits[split], case.meta)
        assert figures == found[split]
        assert isinstance(figures[case.task.HEADLINE], float)


def test_measuring_again_gives_the_same_and_the_seed_decides(case: Case) -> None:
    found = case.measure()
    content = json.dumps(found, sort_keys=True, allow_nan=False)
    assert json.dumps(case.measure(), sort_keys=True) == content
    other = case.measure(bootstrap={"resamples": 100, "confidence": 0.95, "seed": 1})
    assert other["intervals"] != found["intervals"]
    assert other["test"] == found["test"]


def test_the_same_files_are_written_again(case: Case, tmp_path: Path) -> None:
    first, again = case.write(tmp_path / "first"), case.write(tmp_path / "again")
    assert first == again
    assert {name.partition("/")[0] for name in first} == {
        *("predictions.parquet", f"{case.name}.csv", "plots", "tables"),
    }
    for name, content in first.items():
        if name.endswith(".png"):
            assert content.startswith(b"\x89PNG")
            assert b"tEXt" not in content and b"tIME" not in content
        if name.endswith(".csv"):
            assert b"\r" not in content
    assert ("plots/samples.png" in first) == ("samples" in case.section)


def test_there_is_a_prediction_for_each_row(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    case.task.write_predictions(path, *case.shown)
    table = pq.read_table(path)
    assert table["row"].to_pylist() == case.splits["test"].rows.tolist()
    assert not any(column.null_count for column in table.columns)


def test_dvc_draws_the_columns_of_the_points(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    case.task.write_points(path, *case.shown)
    with path.open(newline="") as file:
        header, *lines = csv.reader(file)
    assert len(lines) == SPLITS["test"]
    template = (ROOT / f".dvc/plots/{case.name}.json").read_text("utf-8")
    fields = re.findall(r'"field": "(\w+)"', template)
    counted = re.findall(r'"as": "(\w+)"', template)
    assert set(fields) - set(counted) - {"rev"} <= set(header)


def test_a_terminal_shows_the_figures(case: Case) -> None:
    found = case.measure()
    console = Console(width=160, record=True, file=StringIO())
    console.print(*case.task.tables(found), sep="\n")
    text = console.export_text()
    for split in SPLITS:
        (name,) = [n for n in ("accuracy", "mae", "mean_iou") if n in found[split]]
        line = next(line for line in text.splitlines() if f" {split} " in line)
        numbers = map(float, re.findall(r"\d\.\d+", line))
        assert min(abs(n - found[split][name]) for n in numbers) < 1e-4
    assert "test interval" in text


def test_what_is_not_finite_is_refused(case: Case) -> None:
    for value in (np.nan, np.inf):

        def damaged(x: np.ndarray, value: float = value) -> np.ndarray:
            answers = case.model(x)
            answers.reshape(-1, answers.shape[-1])[3] = value
            return answers

        with pytest.raises(RefusedError, match=r"Received: ") as caught:
            found = case.task.predict(damaged, case.splits["validation"].x)
            case.outputs["validation"] = found
            case.measure()
        assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("task", "other", "received"),
    [
        ("classification", "regression", "the target y, a number"),
        ("regression", "classification", "the label y, with classes"),
    ],
)
def test_a_task_measures_its_own_kind_of_target(
    task: str, other: str, received: str
) -> None:
    case, its = Case(task), Case(other)
    with pytest.raises(WrongUseError, match=received) as caught:
        case.task.measure(case.outputs, case.splits, its.meta, case.parameters())
    assert other in caught.value.remedy
