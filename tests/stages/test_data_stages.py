"""fetch, ingest and preprocess, one after the other and on bad input."""

import hashlib
import json
import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from pedigree.data.prepared import SPLITS, open_split, read_meta
from pedigree.data.raw import read_splits, write_split
from pedigree.data.transforms import tabular
from pedigree.data.verdict import hash_raw
from pedigree.errors import PedigreeError, RefusedError, WrongUseError

MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", "../shared/data")).absolute()


class Run:
    """The part of a StageRun that these stages use."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.tags: dict[str, str] = {}

    def log_metrics(self, metrics: dict[str, float]) -> None:
        self.metrics |= metrics

    def set_tags(self, tags: dict[str, str]) -> None:
        self.tags |= tags


@pytest.fixture
def run_stage(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Runs the `main` of a stage in a project of its own."""
    assert project == Path.cwd()
    monkeypatch.delenv("PEDIGREE_MIRROR", raising=False)

    def run(stage: str, *arguments: str) -> dict[str, float]:
        recorded = Run()
        import_module(f"pedigree.stages.{stage}").main(recorded, *arguments)
        return recorded.metrics

    return run


def pass_suite(dataset: str, success: bool = True) -> None:
    path = Path(f"data/validated/{dataset}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    verdict = {
        "data": hash_raw(dataset),
        "dataset": dataset,
        "suite": dataset,
        "success": success,
        "rows": {},
        "results": [],
    }
    path.write_text(json.dumps(verdict))


def contents(folder: str) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("dataset", "features", "rows", "shape"),
    [
        ("digits", "digits_8", 1797, (8, 8, 1)),
        ("breast_cancer", "breast_cancer_30", 569, (30,)),
    ],
)
def test_bytes_become_arrays_and_the_same_ones_again(
    dataset, features, rows, shape, run_stage
):
    made = []
    for _ in range(2):
        assert run_stage("fetch", dataset)["files"] == 1
        assert run_stage("ingest", dataset) == {"rows.all": rows}
        pass_suite(dataset)
        metrics = run_stage("preprocess", features, dataset)
        made.append(contents("data"))
    assert made[0] == made[1]
    folder = Path("data/prepared") / features
    meta = read_meta(folder)
    assert meta.input_shape == shape
    assert sum(meta.rows.values()) == rows
    assert metrics == (
        {f"rows.{split}": count for split, count in meta.rows.items()}
        | {f"dropped.{split}": 0 for split in meta.rows}
        | {f"duplicates.{one}.{two}": 0 for one in meta.rows for two in meta.rows}
    )
    raw = read_splits(Path("data/raw") / dataset)["all"]
    for split, count in meta.rows.items():
        x, y, numbers = open_split(folder, split)
        assert x.shape == (count, *shape)
        assert tuple(np.bincount(y)) == meta.class_counts[split]
        labels = raw[meta.target].to_numpy()[numbers]
        np.testing.assert_array_equal(labels, y)


def test_a_wrong_sum_names_both_and_leaves_no_file(run_stage):
    text = Path("params.yaml").read_text()
    pinned = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
    Path("params.yaml").write_text(text.replace(pinned, "f" * 64))
    with pytest.raises(RefusedError) as refused:
        run_stage("fetch", "digits")
    assert pinned in refused.value.rule
    assert "f" * 64 in refused.value.rule
    assert contents("data") == {}


def test_a_failed_fetch_keeps_what_was_there(run_stage):
    run_stage("fetch", "digits")
    before = contents("data")
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("09f66e6d", "ffffffff"))
    with pytest.raises(RefusedError):
        run_stage("fetch", "digits")
    assert contents("data") == before


def test_an_unknown_dataset_is_wrong_use(run_stage):
    for stage in ("fetch", "ingest"):
        with pytest.raises(WrongUseError, match=r"must be in params\.yaml"):
            run_stage(stage, "unknown")


def test_a_file_that_is_put_by_hand_is_asked_for(run_stage):
    with pytest.raises(WrongUseError, match="must exist") as error:
        run_stage("ingest", "breast_cancer")
    assert "by hand" in error.value.remedy


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("head\n" + ",".join(["1"] * 30) + "\n", "Expected 31 columns, got 30"),
        ("head\n", "no row"),
    ],
)
def test_a_bad_file_is_refused_by_ingest(content, rule, run_stage):
    path = Path("data/external/breast_cancer/breast_cancer.csv")
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(RefusedError, match=rule):
        run_stage("ingest", "breast_cancer")
    assert not Path("data/raw").exists()


def test_text_in_a_numeric_column_is_refused_by_preprocess(run_stage):
    path = Path("data/external/breast_cancer/breast_cancer.csv")
    path.parent.mkdir(parents=True)
    row = ["1"] * 30
    lines = [",".join([*row[1:], str(n), str(n % 2)]) for n in range(400)]
    lines[7] = "wide" + lines[7][1:]
    path.write_text("\n".join(["head", *lines]) + "\n")
    run_stage("ingest", "breast_cancer")
    pass_suite("breast_cancer")
    with pytest.raises(RefusedError, match="mean_radius must hold numbers") as error:
        run_stage("preprocess", "breast_cancer_30", "breast_cancer")
    assert len(str(error.value).splitlines()) == 2
    assert not Path("data/prepared").exists()


@pytest.fixture
def prepare(run_stage: Callable) -> Callable:
    """Prepares the breast cancer table, after changes of rows and of parameters."""
    run_stage("fetch", "breast_cancer")
    run_stage("ingest", "breast_cancer")
    folder = Path("data/raw/breast_cancer")
    table = read_splits(folder)["all"]

    def run(changes: dict[int, int], policy: str = "refuse") -> dict[str, float]:
        """Change rows to copies of others, but for their label."""
        source = np.arange(len(table))
        source[list(changes)] = list(changes.values())
        changed = table.take(source).drop_columns(["target"])
        write_split(folder, "all", changed.append_column("target", table["target"]))
        pass_suite("breast_cancer")
        text = Path("params.yaml").read_text()
        text = re.sub("duplicates: .*", f"duplicates: {policy}", text)
        Path("params.yaml").write_text(text)
        return run_stage("preprocess", "breast_cancer_30", "breast_cancer")

    return run


def prepared_rows() -> dict[str, list[int]]:
    folder = Path("data/prepared/breast_cancer_30")
    return {split: open_split(folder, split).rows.tolist() for split in SPLITS}


def test_values_of_measured_rows_change_nothing_of_the_training(prepare):
    prepare({})
    before, drawn = contents("data/prepared"), prepared_rows()
    measured = [*drawn["validation"], *drawn["test"]]
    other_order = np.random.default_rng(0).permutation(measured).tolist()
    prepare(dict(zip(measured, other_order, strict=True)))
    after = contents("data/prepared")
    changed = {path for path in before if after[path] != before[path]}
    folder = "data/prepared/breast_cancer_30"
    assert changed == {f"{folder}/validation/x.npy", f"{folder}/test/x.npy"}
    assert prepared_rows() == drawn


def test_a_copy_is_refused_dropped_or_kept(prepare):
    prepare({})
    drawn, before = prepared_rows(), contents("data/prepared")
    first, second = drawn["train"][:2]
    copied = {drawn["test"][0]: first, drawn["validation"][5]: first}
    copied[drawn["train"][7]] = second  # within a split it does no harm
    with pytest.raises(RefusedError, match=r"1 of train and 1 of validation") as error:
        prepare(copied)
    assert f"row {first} of the raw data equals row" in error.value.rule
    assert contents("data/prepared") == before

    kept = prepare(copied, "keep")
    assert prepared_rows() == drawn
    dropped = prepare(copied, "drop")
    drawn["train"].remove(first)
    del drawn["validation"][5]
    assert prepared_rows() == drawn
    meta = read_meta(Path("data/prepared/breast_cancer_30"))
    assert meta.rows == {split: len(rows) for split, rows in drawn.items()}
    assert meta.dropped == {"train": 1, "validation": 1, "test": 0}
    assert meta.duplicates["train"] == {"train": 1, "validation": 1, "test": 1}
    assert meta.duplicates["test"] == {"train": 1, "validation": 1, "test": 0}
    assert dropped["dropped.train"] == 1
    assert kept["dropped.train"] == 0
    counted = {name for name in kept if name.startswith("duplicates.")}
    assert len(counted) == 9
    assert {name: kept[name] for name in counted} == {
        name: dropped[name] for name in counted
    }


def test_shares_of_classes_that_differ_are_refused(prepare):
    text = Path("params.yaml").read_text()
    tail = "validation: {method: tail, fraction: 0.2}"
    text = re.sub("validation: .*", tail, text).replace(
        "class_share_tolerance: 0.02", "class_share_tolerance: 0.001"
    )
    Path("params.yaml").write_text(text)
    with pytest.raises(RefusedError, match=r"Received: \w+ is 0\.\d+ of train and"):
        prepare({})
    assert not Path("data/prepared").exists()


def test_a_split_that_loses_all_its_rows_is_refused(prepare):
    prepare({})
    drawn, before = prepared_rows(), contents("data/prepared")
    copied = dict.fromkeys(drawn["validation"], drawn["test"][0])
    with pytest.raises(RefusedError, match="none for validation out of 478"):
        prepare(copied, "drop")
    assert contents("data/prepared") == before


def change_section(*path: str, **changes: object) -> None:
    """Change keys of a section; None takes one out."""
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load(Path("params.yaml"))
    section = document
    for step in path:
        section = section[step]
    section |= changes
    for key in [key for key, value in changes.items() if value is None]:
        del section[key]
    Path("params.yaml").write_text(json.dumps(document))


def test_numbers_are_prepared_without_test_rows(prepare):
    """All but the first rows are trained on, and a column is what is predicted."""
    features = ("features", "breast_cancer_30")
    head = {"method": "head", "rows": 100}
    change_section(
        *(*features, "split"),
        test={"method": "none"},
        validation=head,
        duplicates="keep",
    )
    target = {"column": "worst_area", "missing": "refuse"}
    numeric = {"columns": ["mean_area"], "fill": "mean", "scale": "standard"}
    change_section(
        *(*features, "transform"),
        label=None,
        target=target,
        numeric=numeric | {"flag_missing": False},
    )
    logged = prepare({}, "keep")
    folder = Path("data/prepared/breast_cancer_30")
    meta = read_meta(folder)
    assert (meta.target, meta.classes, meta.class_counts) == ("worst_area", None, {})
    assert meta.rows == {"train": 469, "validation": 100}
    assert {"worst_area", "mean_area"} - {column.name for column in meta.columns} == {
        "worst_area"
    }
    assert not (folder / "test").exists()
    pairs = {f"{a}.{b}" for a in meta.rows for b in meta.rows}
    assert {name.partition(".")[2] for name in logged} == {*meta.rows, *pairs}
    table = read_splits(Path("data/raw/breast_cancer"))["all"]
    areas = table["worst_area"].to_numpy()
    for split, rows in {"validation": range(100), "train": range(100, 569)}.items():
        opened = open_split(folder, split)
        assert opened.rows.tolist() == list(rows)
        assert opened.y.dtype == np.float32
        np.testing.assert_array_equal(opened.y, areas[list(rows)].astype("f4"))
    assert open_split(folder, "train").x.mean() == pytest.approx(0, abs=1e-6)
    before = contents("data/prepared")
    prepare({}, "keep")
    assert contents("data/prepared") == before


@pytest.mark.parametrize("passed", [None, False])
def test_nothing_is_prepared_from_data_that_did_not_pass(passed, run_stage):
    run_stage("fetch", "digits")
    run_stage("ingest", "digits")
    if passed is not None:
        pass_suite("digits", passed)
    with pytest.raises(PedigreeError):
        run_stage("preprocess", "digits_8", "digits")
    assert not Path("data/prepared").exists()


@pytest.mark.skipif(not MIRROR.is_dir(), reason=f"no mirror of real data at {MIRROR}")
def test_the_weather_recipe_gives_the_published_figures(run_stage, monkeypatch):
    yaml = YAML(typ="safe", pure=True)
    section = yaml.load(Path("catalogue/data.yaml"))
    section["features"] = yaml.load(Path("catalogue/seed_000.yaml"))["features"]
    Path("params.yaml").write_text(json.dumps(section))
    monkeypatch.setenv("PEDIGREE_MIRROR", str(MIRROR))
    run_stage("fetch", "weather_aus")
    run_stage("ingest", "weather_aus")
    pass_suite("weather_aus")
    run_stage("preprocess", "weather_humidity", "weather_aus")
    folder = Path("data/prepared/weather_humidity")
    meta = read_meta(folder)
    assert meta.rows == {"train": 91_003, "validation": 22_751, "test": 28_439}
    counts = meta.class_counts
    assert counts["test"] == (22_067, 6_372)
    assert np.add(counts["train"], counts["validation"]).tolist() == [88_249, 25_505]
    humidity = np.concatenate([open_split(folder, split).x for split in meta.rows])
    assert humidity.mean(dtype=float) == pytest.approx(51.482606, abs=1e-6)
    table = read_splits(Path("data/raw/weather_aus"))["all"]
    parameters = tabular.load(folder / "transform").parameters
    both = parameters.numeric.model_copy(
        update={"columns": ("Evaporation", "Sunshine")}
    )
    fitted = tabular.fit(
        parameters.model_copy(update={"numeric": both}), table, np.arange(1)
    )
    np.testing.assert_allclose(
        fitted.transformer.named_transformers_["numeric"].statistics_,
        [5.469824, 7.624853],
        atol=5e-7,
    )
