import json
from pathlib import Path
from typing import Any

import pytest

from command_line import HEAVY, python, run, two_lines
from pedigree.catalogue.read import read_catalogue
from pedigree.cli.summary import input_shape
from pedigree.errors import WrongUseError
from pedigree.params.datasets import Dataset
from pedigree.params.features import Features, ImageTransform, Label
from pedigree.params.file import Parameters
from table_sections import image_folder, keras


def images_of(table: dict[str, Any]) -> Parameters:
    """Parameters with the features `images` of a table."""
    label = {"column": "label", "values": (0, 1), "classes": ("a", "b")}
    transform = ImageTransform(
        kind="image", label=Label(**label, missing="refuse"), divide_by=255
    )
    dataset = Dataset.model_validate({"table": table, "expectations": "some"})
    features = Features.model_construct(dataset="some", transform=transform)
    return Parameters.model_construct(
        datasets={"some": dataset}, features={"images": features}
    )


SUMMARIES = """
import json, sys
from typer.testing import CliRunner
from pedigree.cli.app import app
for name in {names!r}:
    result = CliRunner().invoke(app, ["summary", "--json", name])
    assert result.exit_code == 0, result.output
    print(json.dumps(json.loads(result.stdout)))
assert "584,170 parameters" in CliRunner().invoke(app, ["summary", {names!r}[0]]).stdout
analysis = ["summary", {names!r}[0], "--analysis", "--batch-size", "32"]
table = CliRunner().invoke(app, analysis).stdout
assert "multiply-adds" in table and "584,170 parameters" in table
print(json.dumps(json.loads(CliRunner().invoke(app, [*analysis, "--json"]).stdout)))
assert not set(sys.modules) & set({heavy!r})
"""


def test_summaries_count_as_published(project: Path) -> None:
    """The counts are those of the publications, see the catalogue's studies."""
    counts = {
        "fashion_csv_vgg_lite": 584_170,
        "fashion_csv_vgg_lite_dropout": 584_170,
        "weather_fnn_1_2_1": 7,
        "digits_convnet": 82_090,
        "breast_cancer_mlp": 30 * 32 + 32 + 32 * 16 + 16 + 17,
    }
    program = SUMMARIES.format(names=list(counts), heavy=HEAVY)
    *summaries, analysed = map(json.loads, python(project, program).splitlines())
    assert {each["id"]: each["total"] for each in summaries} == counts
    for each in summaries:
        assert set(each) == {"id", "total", "trainable", "non_trainable", "layers"}
        assert each["total"] == each["trainable"] + each["non_trainable"]
        assert each["total"] == sum(layer["parameters"] for layer in each["layers"])
    analysis = analysed.pop("analysis")
    assert analysed == summaries[0]
    assert analysis["totals"]["parameters"] == 584_170
    assert [row["batch_size"] for row in analysis["memory"]] == [32]
    rows = {layer["name"]: layer for layer in analysis["layers"]}
    assert rows["block3_conv2"]["multiply_adds"] == 7 * 7 * 128 * 9 * 128
    assert rows["block2_pool"]["receptive_field"] == [16, 16]
    layers = {layer["name"]: layer["parameters"] for layer in summaries[0]["layers"]}
    published = [320, 9_248, 18_496, 36_928, 73_856, 147_584, 295_168, 2_570]
    assert [count for count in layers.values() if count] == published


@pytest.mark.usefixtures("project")
class TestSummary:
    def test_what_depends_on_the_data_says_what_to_run(self) -> None:
        rule, remedy = two_lines(run("summary", "weather_mlp"))
        assert "no data/prepared/weather_all/meta.json" in rule
        assert "dvc repro preprocess@weather_all" in remedy

    def test_prepared_data_tell_the_inputs(self, project: Path) -> None:
        folder = project / "data/prepared/weather_all"
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text('{"input_shape": [118]}', "utf-8")
        shape = input_shape(read_catalogue().parameters, "weather_all")
        assert shape == (118,)

    @pytest.mark.parametrize(
        ("loader", "shape"), [("mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))]
    )
    def test_images_of_keras_have_the_shape_of_their_loader(
        self, loader: str, shape: tuple[int, ...]
    ) -> None:
        assert (
            input_shape(images_of({"format": "keras", "name": loader}), "images")
            == shape
        )

    def test_images_of_an_unknown_shape_are_refused_until_they_are_prepared(
        self, project: Path
    ) -> None:
        new = keras("new")
        for table in (new, image_folder()):
            with pytest.raises(WrongUseError, match="depends on the data") as caught:
                input_shape(images_of(table), "images")
            assert len(str(caught.value).splitlines()) == 2
        folder = project / "data/prepared/images"
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text('{"input_shape": [9, 8, 3]}', "utf-8")
        assert input_shape(images_of(new), "images") == (9, 8, 3)

    def test_an_unknown_id(self) -> None:
        rule, remedy = two_lines(run("summary", "digits_convnt"))
        assert "'digits_convnt'" in rule
        assert "digits_convnet" in remedy
