import stat
from math import prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedigree.catalogue.activation import activate, deactivate
from pedigree.catalogue.blocks import add_entries, find_sections, remove_entries
from pedigree.catalogue.read import SECTIONS, Catalogue, needs, read_catalogue
from pedigree.data.filling import expected_files
from pedigree.errors import WrongUseError
from pedigree.models.architecture import check
from pedigree.params.file import read_parameters
from pedigree.sections import load_yaml
from pedigree.training.search.objective import require_objective
from pedigree.training.search.space import Space

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = read_catalogue(ROOT / "catalogue")
IDS = CATALOGUE.select(every=True)

OWN = """\
# Ours.
downloads: {}  # fetch

datasets:  # read by ingest

    # by hand
    rain:  # in millimetres
        table: {format: csv, files: {all: 'rain.csv'}}  # one file
        expectations: rain
        # the end of rain

features: {}
experiments: {}  # nothing yet
promotion: {}
searches: {}
monitoring: {}
# The end.
"""


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(OWN, "utf-8")
    return path


def entries(path: Path) -> dict[str, dict[str, object]]:
    return {section: load_yaml(path)[section] for section in SECTIONS}


@pytest.mark.parametrize("name", CATALOGUE.parameters.experiments)
def test_every_entry_fits_its_architecture(name: str) -> None:
    experiment = CATALOGUE.parameters.experiments[name]
    read = check(experiment.model, experiment.train.library)
    written = experiment.model.hyperparameters
    assert read.model_dump(mode="json", exclude_unset=True) == written


@pytest.mark.parametrize("name", CATALOGUE.parameters.features)
def test_every_split_can_be_drawn(name: str) -> None:
    features = CATALOGUE.parameters.features[name]
    table = CATALOGUE.parameters.datasets[features.dataset].table
    whole = (
        table.format == "image_masks"
        or getattr(getattr(table, "splits", None), "all", None) is not None
    )
    whole |= getattr(getattr(table, "files", None), "all", None) is not None
    assert not (whole and features.split.test.method == "published")


def test_files_of_a_table_are_downloaded_or_put_by_hand() -> None:
    page = (ROOT / "docs/data.md").read_text("utf-8")
    for name, dataset in CATALOGUE.parameters.datasets.items():
        wanted = set(expected_files(dataset))
        if download := CATALOGUE.parameters.downloads.get(name):
            assert wanted <= {file.name for file in download.files} | {"*"}
        else:
            assert f"| `{name}` |" in page, f"docs/data.md must tell of {wanted}"


@pytest.mark.parametrize("name", IDS)
def test_an_entry_is_copied_with_what_it_needs(params: Path, name: str) -> None:
    change = activate(CATALOGUE, [name], params)
    assert change.entries == needs(CATALOGUE.parameters, [name])
    written = entries(params)
    for section, names in change.entries.items():
        for entry in names:
            assert written[section][entry] == CATALOGUE.entries[section][entry]
    read_parameters(params)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(IDS)), max_size=6))
def test_any_way_there_and_back_leaves_the_file_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, str]]
) -> None:
    path = tmp_path_factory.mktemp("params") / "params.yaml"
    path.write_text(OWN, "utf-8")
    active = set()
    for on, name in steps:
        (activate if on else deactivate)(CATALOGUE, [name], path)
        needed = needs(CATALOGUE.parameters, [name])
        if on:
            active |= {*needed["experiments"], *needed["searches"]}
        else:
            searches = CATALOGUE.parameters.searches.items()
            active -= {name, *(s for s, entry in searches if entry.experiment == name)}
        parameters = read_parameters(path)
        assert {*parameters.experiments, *parameters.searches} == active
        needed = needs(CATALOGUE.parameters, active)
        assert set(parameters.features) == set(needed["features"])
        assert set(parameters.downloads) == set(needed["downloads"])
        assert set(parameters.datasets) == {*needed["datasets"], "rain"}
    deactivate(CATALOGUE, active, path)
    assert path.read_text("utf-8") == OWN


def test_an_empty_section_may_be_written_with_a_space(params: Path) -> None:
    params.write_text(OWN.replace("searches: {}", "searches: { }  # none"), "utf-8")
    activate(CATALOGUE, ["fashion_bn_cnn_grid"], params)
    assert set(read_parameters(params).searches) == {"fashion_bn_cnn_grid"}
    assert "\nsearches:  # none\n  fashion_bn_cnn_grid:\n" in params.read_text("utf-8")


def test_activating_again_changes_nothing(params: Path) -> None:
    activate(CATALOGUE, IDS, params)
    before = params.read_bytes(), params.stat().st_mtime_ns
    change = activate(CATALOGUE, IDS, params)
    assert not any(change.entries.values())
    assert (params.read_bytes(), params.stat().st_mtime_ns) == before


def test_deactivating_again_changes_nothing(params: Path) -> None:
    change = deactivate(CATALOGUE, IDS, params)
    assert not any(change.entries.values())
    assert params.read_text("utf-8") == OWN


def test_comments_of_the_catalogue_come_along(params: Path) -> None:
    activate(CATALOGUE, ["weather_fnn_1_2_1"], params)
    assert "fit: all  # as published" in params.read_text("utf-8")


def test_what_was_edited_is_left_as_it_is(params: Path) -> None:
    activate(CATALOGUE, ["weather_fnn_1_2_1"], params)
    edited = params.read_text("utf-8").replace("adam,", "rmsprop,")
    edited = edited.replace("weatherAUS.csv}", "weather.csv}")
    params.write_text(edited, "utf-8")
    change = activate(CATALOGUE, ["weather_fnn_1_2_1", "weather_mlp"], params)
    assert change.entries["experiments"] == ["weather_mlp"]
    assert change.kept["datasets"] == ["weather_aus"]
    parameters = read_parameters(params)
    assert parameters.experiments["weather_fnn_1_2_1"].train.optimizer.name == "rmsprop"
    assert parameters.datasets["weather_aus"].table.files.all == "weather.csv"


def test_own_features_keep_their_dataset(params: Path) -> None:
    activate(CATALOGUE, ["digits_convnet"], params)
    text = params.read_text("utf-8").replace("digits_8", "digits_own")
    params.write_text(text, "utf-8")
    change = deactivate(CATALOGUE, ["digits_convnet"], params)
    assert change.entries == {
        "downloads": [],
        "datasets": [],
        "features": [],
        "experiments": ["digits_convnet"],
        "searches": [],
        "promotion": ["digits"],
        "monitoring": ["digits"],
    }
    assert "digits_own" in read_parameters(params).features


def test_a_gate_comes_with_its_model_and_stays_where_it_was_edited(
    params: Path,
) -> None:
    activate(CATALOGUE, ["digits_convnet"], params)
    assert set(read_parameters(params).promotion) == {"digits"}
    text = params.read_text("utf-8")
    assert deactivate(CATALOGUE, ["digits_convnet"], params).entries["promotion"]
    params.write_text(text.replace("minimum: 0.95", "minimum: 0.99"), "utf-8")
    deactivate(CATALOGUE, ["digits_convnet"], params)
    assert read_parameters(params).promotion["digits"].minimum == 0.99
    change = activate(CATALOGUE, ["digits_convnet"], params)
    assert change.kept["promotion"] == ["digits"]
    assert read_parameters(params).promotion["digits"].minimum == 0.99


def test_the_file_keeps_its_mode(params: Path) -> None:
    params.chmod(0o640)
    activate(CATALOGUE, ["digits_convnet"], params)
    assert stat.S_IMODE(params.stat().st_mode) == 0o640


def test_a_linked_file_stays_a_link(params: Path) -> None:
    link = params.with_name("link.yaml")
    link.symlink_to(params)
    activate(CATALOGUE, ["digits_convnet"], link)
    assert link.is_symlink()
    assert "digits_convnet" in read_parameters(params).experiments


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("downloads: {}\nexperiment: {}\n", "the key is unknown"),
        ("datasets: {d: {table: {format: csv, files: {all: a}}, "
         "expectations: d}}\n", "on lines of its own"),
        ("downloads: &all {}\ndatasets: *all\n", "on lines of its own"),
        ("{downloads: {}, datasets: {}, features: {}}\n", "on lines of its own"),
        ("--- 1\n--- 2\n", "must be YAML"),
    ],
)  # fmt: skip
def test_an_error_leaves_the_file_untouched(
    params: Path, content: str, message: str
) -> None:
    params.write_text(content, "utf-8")
    with pytest.raises(WrongUseError, match=message):
        activate(CATALOGUE, ["digits_convnet"], params)
    assert params.read_text("utf-8") == content
    assert [path.name for path in params.parent.iterdir()] == ["params.yaml"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "downloads: {}", "a:\n- 1\n"])
def test_a_section_is_made_where_it_is_missing(text: str) -> None:
    added = add_entries(text, "features", ["x:\n  y: 1\n"])
    assert added.startswith(text)
    assert added.endswith("features:\n  x:\n    y: 1\n")
    assert set(find_sections(added)["features"].entries) == {"x"}


NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


@given(NAMES, st.sampled_from(["", "  # note"]), st.data())
def test_entries_go_in_and_out_of_a_section(
    names: list[str], tail: str, data: st.DataObject
) -> None:
    empty = f"# top\ns: {{}}{tail}\n\n# next\nt:\n  a: 1  # one\n  # inner\n"
    held = data.draw(NAMES)
    blocks = {name: f"{name}:  # {name}\n  v: [1,\n    2]\n" for name in "abcdef"}
    full = add_entries(empty, "s", [blocks[name] for name in held])
    assert list(find_sections(full)["s"].entries) == held
    left = remove_entries(full, "s", names)
    staying = [name for name in held if name not in names]
    assert list(find_sections(left)["s"].entries) == staying
    assert remove_entries(left, "s", staying) == (empty if held else full)
    for name in held:
        assert (f"# {name}\n" in left) == (name in staying)


def copy_of_catalogue(folder: Path) -> Path:
    for path in (ROOT / "catalogue").glob("*.yaml"):
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("quickstart.yaml", "epochs: 20", "epochs: 0", "digits_convnet.train.epochs=0"),
        ("quickstart.yaml", "dataset: digits", "dataset: digit", "'digit' is not in"),
        ("quickstart.yaml", "study: quickstart", "study: quick", "name of the file"),
        ("seed_000.yaml", "weather_mlp:", "digits_convnet:", "stand in one file"),
        ("data.yaml", "kind: keras\n", "kind: kera\n", "downloads.fashion_mnist="),
        ("data.yaml", "downloads:", "download:", "the key is unknown"),
    ],
)
def test_a_wrong_catalogue_is_refused(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    path = copy_of_catalogue(tmp_path) / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(WrongUseError, match=message):
        read_catalogue(tmp_path)


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match="must exist"):
        read_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("choice", "hint"),
    [
        ({"ids": ["digits_covnet"]}, "Close to it: digits_convnet"),
        ({"ids": ["zzz"]}, "pedigree list"),
        ({"study": "seed_0"}, "Close to it: seed_00"),
    ],
)
def test_an_unknown_name_shows_what_is_close(
    choice: dict[str, list[str]], hint: str
) -> None:
    with pytest.raises(WrongUseError) as caught:
        CATALOGUE.select(**choice)
    assert hint in caught.value.remedy


def test_a_search_fits_its_experiment() -> None:
    parameters = CATALOGUE.parameters
    search = parameters.searches["fashion_bn_cnn_grid"]
    for name, entry in parameters.searches.items():
        experiment = parameters.experiments[entry.experiment]
        Space(name, entry, experiment.model, experiment.train)
        require_objective(name, entry, experiment.train, validation=True)
    cells = prod(len(entry.values) for entry in search.space.values())
    assert (cells, search.epochs) == (27, 10)


def test_an_experiment_stays_while_a_search_of_our_own_needs_it(params: Path) -> None:
    activate(CATALOGUE, ["fashion_bn_cnn_grid"], params)
    text = params.read_text("utf-8").replace("fashion_bn_cnn_grid:", "ours:")
    params.write_text(text, "utf-8")
    change = deactivate(CATALOGUE, ["fashion_bn_cnn_final"], params)
    assert not any(change.entries.values())
    assert params.read_text("utf-8") == text


def test_published_figures_are_named_as_metrics_are() -> None:
    for experiment in CATALOGUE.parameters.experiments.values():
        for name in experiment.published:
            split, _, metric = name.partition(".")
            assert split in (
                *("train", "validation", "test", "best_epoch", "last_epoch"),
                *("repeats", "cross_validation"),
            )
            assert metric


def test_a_catalogue_is_read_whole() -> None:
    assert isinstance(CATALOGUE, Catalogue)
    assert set(CATALOGUE.titles) >= {"quickstart", "seed_000"}
    assert {"digits_convnet", "breast_cancer_mlp", "weather_fnn_1_2_1"} <= set(IDS)
    assert {"fashion_csv_vgg_lite", "fashion_csv_vgg_lite_dropout"} <= set(IDS)
