import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from pedigree.catalogue.read import SECTIONS, read_catalogue
from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE, Parameters, read_parameters, read_section
from pedigree.params.train import Train
from pedigree.pipeline import change_leaves
from pedigree.sections import FORBIDDEN_KEYS, leaves, load_yaml, parse

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = read_catalogue(ROOT / "catalogue")
TRAIN = "experiments.digits_convnet.train"


def everything() -> dict[str, Any]:
    return json.loads(json.dumps(CATALOGUE.entries))


def with_value(key: str, value: Any) -> dict[str, Any]:
    data = everything()
    *parents, last = key.split(".")
    holder = data
    for parent in parents:
        holder = holder[parent]
    holder[last] = value
    return data


def refused(data: Any) -> str:
    with pytest.raises(WrongUseError) as caught:
        parse(Parameters, data, PARAMS_FILE)
    assert caught.value.exit_code == 2
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    return lines[0]


def test_the_project_s_own_file_is_valid() -> None:
    assert isinstance(read_parameters(ROOT / PARAMS_FILE), Parameters)


@pytest.mark.parametrize(
    ("key", "value", "received"),
    [
        (f"{TRAIN}.batch_sise", 32, f"{TRAIN}.batch_sise=32"),
        (f"{TRAIN}.epochs", "20", f'{TRAIN}.epochs="20"'),
        (f"{TRAIN}.epochs", 0, f"{TRAIN}.epochs=0"),
        (f"{TRAIN}.epochs", True, f"{TRAIN}.epochs=true"),
        (f"{TRAIN}.seed", -1, f"{TRAIN}.seed=-1"),
        (f"{TRAIN}.seed", 2**32, f"{TRAIN}.seed=4294967296"),
        (f"{TRAIN}.xla", 0, f"{TRAIN}.xla=0"),
        (f"{TRAIN}.loss", "mse", f'{TRAIN}.loss="mse"'),
        (f"{TRAIN}.optimizer.learning_rate", 0, f"{TRAIN}.optimizer.learning_rate=0"),
        (f"{TRAIN}.optimizer.momentum", 0.9, f"{TRAIN}.optimizer.momentum=0.9"),
        (f"{TRAIN}.optimizer.name", "adams", f"{TRAIN}.optimizer="),
        (
            "features.digits_8.split.test.fraction",
            1.0,
            "features.digits_8.split.test.fraction=1.0",
        ),
        ("features.digits_8.transform.kind", "images", "features.digits_8.transform="),
        ("datasets.digits.table.height", 0, "datasets.digits.table.height=0"),
        ("downloads.digits.kind", "ftp", "downloads.digits="),
        ("experiments.digits_convnet.published", {"test.accuracy": "high"}, '="high"'),
        ("experiments", None, "experiments=null"),
        ("experiment", {}, "experiment={}"),
    ],
)
def test_a_wrong_value_is_named_with_its_path(
    key: str, value: Any, received: str
) -> None:
    message = refused(with_value(key, value))
    assert received in message
    assert message.endswith("in params.yaml")


@pytest.mark.parametrize(
    "key",
    [
        f"{TRAIN}.loss",
        f"{TRAIN}.optimizer.learning_rate",
        "experiments.digits_convnet.model.seed",
        "experiments.digits_convnet.register",
        "features.digits_8.dataset",
        "datasets.digits.expectations",
    ],
)
def test_a_missing_key_is_named_with_its_path(key: str) -> None:
    data = everything()
    *parents, last = key.split(".")
    holder: Any = data
    for parent in parents:
        holder = holder[parent]
    del holder[last]
    assert f"{key} is required" in refused(data)


@pytest.mark.parametrize(
    ("key", "section"),
    [
        ("features.digits_8.dataset", "datasets"),
        ("experiments.digits_convnet.features", "features"),
    ],
)
def test_a_reference_must_exist(key: str, section: str) -> None:
    message = refused(with_value(key, "nowhere"))
    assert key in message
    assert "'nowhere'" in message
    assert f"`{section}`" in message


def test_names_are_plain() -> None:
    data = everything()
    data["experiments"]["../evil"] = data["experiments"]["digits_convnet"]
    assert "experiments.../evil" in refused(data)


def mappings_of(entry: Any) -> list[dict[str, Any]]:
    children = entry.values() if isinstance(entry, dict) else entry
    found = [entry] if isinstance(entry, dict) else []
    if isinstance(entry, dict | list):
        for child in children:
            found += mappings_of(child)
    return found


@given(st.data(), st.sampled_from(sorted(FORBIDDEN_KEYS)), st.integers(0, 3))
def test_forbidden_names_are_refused_at_any_depth(
    data: st.DataObject, name: str, depth: int
) -> None:
    parameters = everything()
    holder = data.draw(st.sampled_from(mappings_of(parameters)))
    value: Any = 1
    for _ in range(depth):
        value = data.draw(st.sampled_from([{"inner": value}, [value]]))
    holder[name] = value
    message = refused(parameters)
    assert repr(name) in message
    assert f"{name}" in message.partition("Received: ")[2]


@given(
    st.recursive(
        st.integers() | st.booleans() | st.text(max_size=3),
        lambda children: (
            st.lists(children, max_size=3)
            | st.dictionaries(st.sampled_from("abc"), children, max_size=3)
        ),
    )
)
def test_leaves_hold_all_of_the_data(data: Any) -> None:
    found = list(leaves(data))
    assert len({path for path, _ in found}) == len(found)
    if not isinstance(data, dict | list) or not data:
        assert found == [((), data)]
        return
    steps = data if isinstance(data, dict) else range(len(data))
    for step in steps:
        inside = [(path[1:], value) for path, value in found if path[0] == step]
        assert inside == list(leaves(data[step]))


@pytest.mark.parametrize("section", SECTIONS)
def test_parsing_changes_no_value(section: str) -> None:
    """What a stage receives is what stands in the file, and the rest is empty."""
    data = everything()
    parsed = parse(Parameters, data, PARAMS_FILE).model_dump(by_alias=True, mode="json")
    written = dict(leaves(data[section]))
    received = dict(leaves(parsed[section]))
    assert {path: received.get(path) for path in written} == written
    defaults = {path: v for path, v in received.items() if path not in written}
    assert not any(defaults.values())


def test_a_leaf_changed_in_the_file_is_changed_in_the_object() -> None:
    data = everything()
    data["experiments"]["digits_convnet"]["train"]["epochs"] = 21
    parsed = parse(Parameters, data, PARAMS_FILE)
    assert parsed.experiments["digits_convnet"].train.epochs == 21


def test_a_stage_reads_its_own_section_only(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "catalogue/quickstart.yaml").read_text("utf-8"), "utf-8")
    train = read_section(Train, "experiments", "digits_convnet", "train", path=path)
    assert train.batch_size == 32
    with pytest.raises(WrongUseError, match=r"experiments\.digits_cnn must be in"):
        read_section(Train, "experiments", "digits_cnn", "train", path=path)


def test_a_section_is_frozen() -> None:
    train = CATALOGUE.parameters.experiments["digits_convnet"].train
    with pytest.raises(ValueError, match="frozen"):
        train.epochs = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    "content", [b"a: [", b"\xff\xfe", b"a: 1\na: 2\n", b"a: !!python/object:x {}\n"]
)
def test_what_is_not_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(WrongUseError, match="must be YAML"):
        load_yaml(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match=r"params\.yaml must exist"):
        read_parameters(tmp_path / "params.yaml")


@pytest.mark.parametrize("content", ["- a\n", "text\n", "3\n"])
def test_what_is_not_a_mapping_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(WrongUseError, match="Received: "):
        read_parameters(path)


def test_a_change_of_a_key_reaches_all_its_leaves() -> None:
    data = everything()
    changed = dict(leaves(change_leaves(data, TRAIN)))
    for path, value in leaves(data):
        inside = list(path[:3]) == TRAIN.split(".")
        assert (changed.get(path) != value) == inside


def sections() -> set[type[BaseModel]]:
    """Every part of the schema that a stage reads, architectures' and suites' too."""
    architectures = (ROOT / "src/pedigree/models").glob("[!_]*.py")
    for name in ("data.suite", *(f"models.{path.stem}" for path in architectures)):
        import_module(f"pedigree.{name}")
    found, new = set(), {BaseModel}
    while new:
        new = {child for parent in new for child in parent.__subclasses__()}
        found |= {model for model in new if model.__module__.startswith("pedigree.")}
    return found


def test_a_default_means_that_something_is_absent() -> None:
    """The schema is no dependency of a stage: a value in it would be a hidden input."""
    checked = sections()
    names = {f"{model.__module__}.{model.__name__}" for model in checked}
    assert {
        "pedigree.params.train.KerasTrain",
        "pedigree.models.convnet.Dropout",
        "pedigree.data.suite.Entry",
    } <= names
    hidden = {
        f"{model.__module__}.{model.__name__}.{name}": field.get_default()
        for model in checked
        for name, field in model.model_fields.items()
        if not field.is_required() and field.get_default(call_default_factory=True)
    }
    assert not hidden
