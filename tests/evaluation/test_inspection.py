"""What can be seen inside a model: its weights, and what its layers answer."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import TypeAdapter

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import WrongUseError
from pedigree.evaluation.inspection import Subject, inspect
from pedigree.evaluation.requirements import require_possible
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.models.keras.archive import MODEL_FILE, read_weights, save_model
from pedigree.params.evaluate import Evaluate
from pedigree.params.model import Model

SHAPE = (6, 6, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (9, *SHAPE), np.uint8)
MAPS = {"layer": "block1_conv1", "channels": (3, 0), "row": 8}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    section = Model(
        architecture="convnet",
        seed=0,
        blocks=[[4]],
        kernel=[3],
        padding=["same"],
        pool=[2],
        activation="relu",
        dense=[5],
    )
    path = tmp_path_factory.mktemp("model") / MODEL_FILE
    save_model(build_model(section, SHAPE, 255.0, Head(3, "softmax")), path)
    return path


@pytest.fixture
def look(archive, tmp_path):
    """Write what a section asks for; return what was written."""

    def run(path=archive, task="classification", shape=SHAPE, present=2, **asked):
        bootstrap = {"resamples": 100, "confidence": 0.95, "seed": 0}
        section = {"task": task, "splits": ("train", "test"), "bootstrap": bootstrap}
        parameters = TypeAdapter(Evaluate).validate_python(section | asked)
        train = Arrays(IMAGES[:3], np.zeros(3), np.arange(3))
        test = Arrays(IMAGES, np.zeros(9), np.arange(9))
        splits = {"train": train, "test": test}
        meta = Meta("image", "y", ("a", "b", "c"), shape, 255.0, (), (), {}, {})
        subject = Subject(path, None, splits, meta, {})
        require_possible(parameters, subject, ("test", "train")[:present])
        inspect(subject, parameters, tmp_path, tmp_path)
        return {each.name: each.read_bytes() for each in tmp_path.iterdir()}

    return run


@pytest.mark.parametrize("task", ["classification", "regression", "reconstruction"])
def test_nothing_is_written_that_is_not_asked_for(look, task):
    assert look(task=task) == {}


def test_every_weight_and_bias_is_in_the_table(look, archive):
    (content,) = look(weights=True).values()
    lines = list(csv.DictReader(content.decode().splitlines()))
    weights = read_weights(archive.parent)
    assert len(lines) == sum(values.size for _, values in weights)
    for name, values in weights:
        told = [line for line in lines if line["weight"] == name]
        indices = [" ".join(map(str, index)) for index in np.ndindex(values.shape)]
        assert [line["index"] for line in told] == indices
        read = np.array([line["value"] for line in told], np.float32)
        assert np.array_equal(read.reshape(values.shape), values)
    assert look(weights=True) == {"weights.csv": content}
    assert look(weights=True, task="regression") == {"weights.csv": content}


def test_maps_of_the_asked_channels_are_drawn(look):
    first = look(activation_maps=MAPS)
    assert first["activation_maps.png"].startswith(b"\x89PNG")
    assert look(activation_maps=MAPS) == first
    for other in ({"row": 7}, {"channels": (0, 3)}, {"layer": "block1_pool"}):
        assert look(activation_maps=MAPS | other) != first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layer": "fc1"}, "layer must be one of .*block1_pool. Received: fc1"),
        ({"channels": (0, 4)}, "channels must be below 4.*Received: 4"),
        ({"row": 9}, "row must be below 9.*Received: 9"),
    ],
)
def test_what_the_model_does_not_have_is_refused(look, changes, said):
    with pytest.raises(WrongUseError, match=said) as caught:
        look(activation_maps=MAPS | changes)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("task", "asked", "number"),
    [("classification", "decision_boundary", 2), ("regression", "regression_line", 1)],
)
def test_what_is_drawn_by_the_inputs_needs_few_of_them(look, task, asked, number):
    said = rf"evaluate.{asked} must .* shape \({number},\). Received: \(6, 6, 1\)"
    with pytest.raises(WrongUseError, match=said):
        look(task=task, **{asked: True})


@pytest.mark.parametrize("task", ["classification", "reconstruction", "segmentation"])
@pytest.mark.parametrize("shape", [(4,), (6, 2), (6, 6, 512)])
def test_only_of_images_there_are_samples(look, task, shape):
    samples = {"number": 2, "columns": 2, "seed": 0}
    assert look(task=task, samples=samples) == {}
    with pytest.raises(WrongUseError, match=r"samples must be of images") as caught:
        look(task=task, shape=shape, samples=samples)
    assert len(str(caught.value).splitlines()) == 2


def test_chosen_samples_must_be_rows_of_the_reported_split(look):
    assert look(samples={"rows": (0, 8), "columns": 2}) == {}
    with pytest.raises(WrongUseError, match=r"samples.rows must be below 9.*: 9"):
        look(samples={"rows": (0, 9), "columns": 2})


def test_a_yardstick_needs_another_split_to_train_on(look):
    assert look(yardstick="hist_gradient_boosting") == {}
    with pytest.raises(WrongUseError, match="must have another split") as caught:
        look(yardstick="hist_gradient_boosting", present=1)
    assert len(str(caught.value).splitlines()) == 2


def test_only_a_keras_model_has_maps(look, monkeypatch, tmp_path):
    library = SimpleNamespace(read_weights=read_weights)
    monkeypatch.setattr(
        "pedigree.evaluation.requirements.import_module", lambda _: library
    )
    with pytest.raises(WrongUseError, match=r"Keras model. Received: model.skops"):
        look(path=tmp_path / "model.skops", activation_maps=MAPS)
