import json

import numpy as np
import pytest

from pedigree.models import predictor
from pedigree.models.probabilities import probabilities_of


@pytest.mark.parametrize("kind", ["classes", "number", "input"])
def test_the_kind_of_the_outputs_stands_beside_the_model(tmp_path, kind):
    outputs = predictor.Outputs(kind, ("train", "validation"))
    predictor.write_outputs(outputs, tmp_path)
    assert predictor.read_outputs(tmp_path) == outputs
    content = (tmp_path / "outputs.json").read_text()
    assert json.loads(content) == {"kind": kind, "trained_on": [*outputs.trained_on]}
    assert content.endswith("}\n")


@pytest.mark.parametrize("name", ["model.keras", "model.skops"])
def test_the_file_of_a_model_is_found_beside_the_kind(tmp_path, name):
    predictor.write_outputs(predictor.Outputs("classes", ("train",)), tmp_path)
    (tmp_path / name).write_bytes(b"")
    assert predictor.model_file(tmp_path) == tmp_path / name


def test_one_output_is_the_probability_of_the_second_class():
    outputs = np.array([[0.25], [1.0]], np.float32)
    assert probabilities_of(outputs).tolist() == [[0.75, 0.25], [0, 1]]
    softmax = np.array([[0.25, 0.5, 0.25]])
    assert np.array_equal(probabilities_of(softmax), softmax)
    assert probabilities_of(softmax).dtype == np.float32
