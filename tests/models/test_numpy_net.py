"""The nets in NumPy: gradients, published figures, scikit-learn's rules, archives."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from from_scratch import AND, DECODER, LINEAR, NETS, PERCEPTRON, TABLE, XOR_NET
from pedigree.archives import numpy as archive
from pedigree.errors import WrongUseError
from pedigree.models.numpy.archive import load_model, save_model
from pedigree.models.numpy.estimators import NumpyClassifier, NumpyRegressor
from pedigree.models.numpy.initial import initial_values
from pedigree.models.numpy.network import ACTIVATIONS, Network
from pedigree.models.numpy.outputs import Linear, Sigmoid, SigmoidSoftmax, Softmax
from pedigree.models.numpy_net import Hyperparameters
from pedigree.sections import parse

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("PEDIGREE_MIRROR", ROOT / "../shared/data"))
SEEDS = MIRROR / "seeds_binary/seeds_dataset.txt"

OUTPUTS = {
    "sigmoid": Sigmoid(),
    "softmax": Softmax(),
    "sigmoid_softmax": SigmoidSoftmax(),
    "linear": Linear(),
}


@settings(deadline=None)  # of a busy machine
@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=4),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(sorted(OUTPUTS)),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
def test_the_gradient_is_the_numerical_one(widths, activation, output, rows, seed):
    random = np.random.RandomState(seed)
    weights, _ = initial_values({"kind": "normal", "stddev": 1}, widths, random)
    biases = [random.normal(size=units) for units in widths[1:]]
    network = Network(weights, biases, ACTIVATIONS[activation], OUTPUTS[output])
    x, targets = random.normal(size=(rows, widths[0])), random.rand(rows, widths[-1])
    if output in ("softmax", "sigmoid_softmax"):
        targets /= targets.sum(axis=1, keepdims=True)
    if activation == "relu":  # has no derivative at 0
        hidden = _hidden_sums(network, x)
        assume(not any((np.abs(z) < 1e-3).any() for z in hidden))

    gradients = network.gradient(x, targets)
    for arrays, found in zip((weights, biases), gradients, strict=True):
        for array, gradient in zip(arrays, found, strict=True):
            numerical = _numerical_gradient(network, array, x, targets)
            np.testing.assert_allclose(gradient, numerical, rtol=1e-5, atol=1e-7)


def _hidden_sums(network, x):
    sums, values = [], x
    for weights, bias in list(zip(network.weights, network.biases, strict=True))[:-1]:
        sums.append(values @ weights + bias)
        values = np.maximum(sums[-1], 0)
    return sums


def _numerical_gradient(network, array, x, targets, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        value, costs = array[index], []
        for moved in (value + step, value - step):
            array[index] = moved
            costs.append(network.cost(x, targets))
        array[index] = value
        gradient[index] = (costs[0] - costs[1]) / (2 * step)
    return gradient


def test_a_certain_and_wrong_prediction_costs_a_finite_number():
    z = np.array([[1000.0], [-1000.0]])
    assert Sigmoid().predict(z).tolist() == [[1.0], [0.0]]
    assert Sigmoid().cost(z, np.array([[0.0], [1.0]])) == 1000
    z = np.array([[1000.0, -1000.0]])
    assert Softmax().predict(z).tolist() == [[1.0, 0.0]]
    assert Softmax().cost(z, np.array([[0.0, 1.0]])) == 2000


# ---- The published figures, to the digits that were printed.


def trained(name, **train):
    net = NETS[name]
    return net.build(**train).fit(net.x, net.y)


def test_the_sheet_of_and():
    net = NETS["and_perceptron_sheet"]
    costs, weights, biases = [], [], []
    estimator = net.build()
    for _ in estimator.iterate(net.x, net.y):
        costs.append(round(estimator.cost_, 5))
        weights.append(estimator.weights_[0].copy())
        biases.append(round(float(estimator.biases_[0][0]), 3))
    printed = [12.50001, 11.81253, 11.12508, 10.43767, 9.75037, 9.06330, 8.37670]
    assert costs[:9] == [*printed, 7.69109, 7.00757]
    assert biases[:9] == [10, 9.25, 8.5, 7.75, 7, 6.25, 5.501, 4.752, 4.004]
    assert biases[9] == 3.259  # printed as 3.250
    for epoch in range(9):
        np.testing.assert_allclose(weights[epoch], 10 - 0.25 * epoch, atol=1e-6)
    # The 37th row of the sheet, whose first is that of the initial weights.
    assert round(costs[36], 3) == 0.099
    assert [sum(np.array(costs) >= limit) for limit in (0.1, 0.09)] == [36, 52]


def test_and_from_zeros():
    assert round(trained("and_perceptron_numpy").cost_, 5) == 0.18099


def test_the_decoder():
    first = trained("decoder_softmax_numpy", epochs=1)
    assert first.costs_[0] == pytest.approx(np.log(4))
    # Printed unit by unit: the columns here.
    units = [[0.375, 0.375], [0.375, 0.625], [0.625, 0.375], [0.625, 0.625]]
    np.testing.assert_allclose(first.weights_[0].T, units)
    np.testing.assert_allclose(first.biases_[0], 0.6)
    # The 60th row of the sheet.
    assert round(trained("decoder_softmax_numpy").costs_[59], 3) == 0.175


def test_the_decoder_with_sigmoids_needs_the_slope_that_was_left_out():
    right = trained("decoder_sigmoid_softmax_numpy")
    printed = trained("decoder_sigmoid_softmax_numpy_as_printed")
    assert right.costs_[0] == printed.costs_[0] == pytest.approx(np.log(4))
    assert round(printed.costs_[59], 3) == 1.052
    assert round(right.costs_[59], 3) == 1.169
    name = "decoder_sigmoid_softmax_numpy"
    right, printed = (trained(n, epochs=1) for n in (name, f"{name}_as_printed"))
    assert printed.weights_[0][0, 0] == pytest.approx(0.375)
    assert round(right.weights_[0][0, 0], 4) == 0.4796


def test_only_the_right_decoder_with_sigmoids_gets_near_the_floor():
    floor = np.log(1 + 3 / np.e)
    right = trained("decoder_sigmoid_softmax_numpy", epochs=1000, learning_rate=50.0)
    assert floor < right.cost_ < floor + 1e-3
    printed = trained("decoder_sigmoid_softmax_numpy_as_printed", epochs=1000)
    assert round(printed.cost_, 3) == 1.006
    assert np.abs(printed.weights_[0]).max() > 90


def test_xor_with_sigmoids():
    first = trained("xor_mlp_sigmoid_numpy", epochs=1)
    assert round(first.costs_[0], 3) == 0.732
    assert round(first.biases_[1][0], 3) == -0.403
    assert round(first.weights_[1][0, 0], 3) == -0.642


def test_xor_with_tanh_begins_where_its_weights_say():
    # Printed was 0.771, of weights that are not known.
    assert round(trained("xor_mlp_tanh_numpy").costs_[0], 3) == 0.745


def test_the_line_is_found():
    net = NETS["linear_regression_numpy"]
    estimator = trained("linear_regression_numpy")
    assert estimator.costs_[50] < 1e-3 * estimator.costs_[0]
    assert estimator.cost_ < 1e-9
    slope, intercept = np.polyfit(net.x[:, 0], net.y, 1)
    assert estimator.weights_[0][0, 0] == pytest.approx(slope)
    assert estimator.biases_[0][0] == pytest.approx(intercept, abs=1e-6)


@pytest.mark.skipif(not SEEDS.is_file(), reason=f"needs {SEEDS}")
def test_seeds():
    lines = [line for line in SEEDS.read_text().splitlines() if "\t\t" not in line]
    table = np.array([line.split() for line in lines], float)
    table = table[table[:, 7] < 3]
    assert len(table) == 134
    x_train, x_test, y_train, y_test = train_test_split(
        table[:, :7], table[:, 7] - 1, test_size=0.3, random_state=0
    )
    scaler = StandardScaler().fit(x_train)
    estimator = NETS["seeds_binary_logreg_numpy"].build()
    estimator.fit(scaler.transform(x_train), y_train)
    accuracy = estimator.score(scaler.transform(x_test), y_test)
    assert round(accuracy, 2) == 0.95


# ---- scikit-learn's rules.

DRAWN = {"kind": "normal", "stddev": 0.5}


@pytest.mark.parametrize(
    "estimator",
    [
        NumpyClassifier(),
        NumpyClassifier(output="sigmoid"),
        NumpyClassifier(
            hidden=(6,),
            activation="tanh",
            output="sigmoid_softmax",
            initial=DRAWN,
            learning_rate=2.0,
        ),
        NumpyRegressor(),
        NumpyRegressor(
            hidden=(8,),
            activation="relu",
            initial=DRAWN,
            learning_rate=0.02,
            epochs=400,
        ),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_scikit_learn_takes_it_for_an_estimator(estimator):
    """No check is let off; that of arrays of other libraries needs a setting."""
    results = check_estimator(estimator, on_skip=None, on_fail=None)
    failed = [each["check_name"] for each in results if each["status"] == "failed"]
    assert failed == []
    skipped = {each["check_name"] for each in results if each["status"] == "skipped"}
    assert skipped <= {"check_array_api_input"}
    assert len(results) > 50


def test_costs_are_those_of_scikit_learn():
    for name, net in NETS.items():
        estimator = trained(name)
        if net.classes is None:
            expected = mean_squared_error(net.y, estimator.predict(net.x))
        else:
            probabilities = estimator.predict_proba(net.x)
            assert probabilities.shape == (len(net.x), net.classes)
            expected = log_loss(net.y, probabilities, labels=range(net.classes))
        assert estimator.cost_ == pytest.approx(expected)
        assert estimator.cost(net.x, net.y) == estimator.cost_
        assert len(estimator.costs_) == net.train["epochs"] + 1


def test_a_hidden_layer_learns_real_data():
    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
    scaler = StandardScaler().fit(x_train)
    estimator = NumpyClassifier(
        hidden=(16,),
        activation="tanh",
        output="sigmoid",
        initial={"kind": "normal", "stddev": 0.2},
        epochs=300,
        random_state=0,
    )
    estimator.fit(scaler.transform(x_train), y_train)
    predicted = estimator.predict(scaler.transform(x_test))
    assert accuracy_score(y_test, predicted) > 0.95


def test_a_class_without_rows_has_its_output():
    net = NETS["decoder_softmax_numpy"]
    estimator = net.build().fit(TABLE[:3], DECODER[:3])
    assert estimator.predict_proba(TABLE).shape == (4, 4)


def test_an_unknown_class_is_refused():
    estimator = trained("and_perceptron_numpy")
    with pytest.raises(ValueError, match=r"Received: \[2\]"):
        estimator.cost(TABLE, [0, 1, 1, 2])


def test_weights_are_drawn_with_the_seed():
    values = [
        NumpyRegressor(initial=DRAWN, random_state=seed, epochs=1)
        .fit(TABLE, AND)
        .weights_[0]
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])


@pytest.mark.parametrize(
    ("values", "received"),
    [
        ({"output": "tanh"}, "tanh"),
        ({"hidden": (2,), "activation": "elu"}, "elu"),
        ({"hidden": (2,)}, "None"),
        ({"initial": {"kind": "other"}}, "other"),
    ],
)
def test_an_unknown_name_is_refused(values, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        NumpyClassifier(**values).fit(TABLE, AND)


# ---- The sections of params.yaml.


def refused(values):
    with pytest.raises(WrongUseError) as caught:
        parse(Hyperparameters, values, "params.yaml", ("model",))
    return caught.value.rule


def given_values(weights, biases):
    return {"initial": {"kind": "given", "weights": weights, "biases": biases}}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"activation": "relu"}, "beside hidden layers, only there"),
        ({"hidden": [2]}, "beside hidden layers, only there"),
        ({"straight_through": True}, "with sigmoid_softmax only"),
        ({"initial": {"kind": "zeros"}}, "kind"),
        (given_values([[[1], [1]]], []), "of each layer"),
        (given_values([[[1], [1, 2]]], [[1]]), "one column per bias"),
        (given_values([[]], [[1]]), "one column per bias"),
        (XOR_NET | {"hidden": [4]}, "widths of hidden"),
    ],
)
def test_hyperparameters_that_do_not_fit_are_refused(changes, rule):
    assert rule in refused({**PERCEPTRON, **changes})


LINE_TRAIN = NETS["linear_regression_numpy"].train


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"classes": 3}, "Received: sigmoid for 3 classes"),
        ({"classes": None}, "Received: sigmoid for a number"),
        ({"model": LINEAR}, "must be mean_squared_error with model.output=linear"),
        ({"model": LINEAR, "train": LINE_TRAIN}, "Received: linear for 2 classes"),
    ],
)
def test_an_output_that_does_not_fit_is_refused(changes, rule):
    with pytest.raises(WrongUseError, match=rule):
        NETS["and_perceptron_numpy"]._replace(**changes).build()


# ---- Archives.


@pytest.mark.parametrize("name", NETS)
def test_a_loaded_model_predicts_the_same(tmp_path, name):
    estimator, net = trained(name), NETS[name]
    save_model(estimator, tmp_path / "models/model.skops")
    loaded = load_model(tmp_path / "models/model.skops")
    assert loaded.get_params() == estimator.get_params()
    assert loaded.costs_ == estimator.costs_
    method = "predict" if net.classes is None else "predict_proba"
    expected = getattr(estimator, method)(net.x)
    assert np.array_equal(getattr(loaded, method)(net.x), expected)
    save_model(loaded, tmp_path / "again.skops")
    contents = {path.read_bytes() for path in tmp_path.rglob("*.skops")}
    assert len(contents) == 1


PROGRAM = """
import sys
from pathlib import Path
clutter = [object() for _ in range(10_000)]
from from_scratch import NETS
from pedigree.models.numpy.archive import save_model
net = NETS["xor_mlp_tanh_numpy"]
save_model(net.build().fit(net.x, net.y), Path(sys.argv[1]))
assert not {"keras", "tensorflow"} & {*sys.modules}
"""


def test_bytes_do_not_depend_on_the_process(tmp_path):
    search = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "there.skops"],
        env={**os.environ, "PYTHONPATH": search},
        check=True,
    )
    save_model(trained("xor_mlp_tanh_numpy"), tmp_path / "here.skops")
    there, here = (tmp_path / f"{name}.skops" for name in ("there", "here"))
    assert there.read_bytes() == here.read_bytes()


class Stranger:
    """A type that nobody declared."""


@pytest.mark.parametrize("content", [Stranger(), {"a": 1}, StandardScaler()])
def test_another_object_is_no_model(tmp_path, content):
    archive.save(content, tmp_path / "model.skops")
    with pytest.raises(WrongUseError, match="must be the archive of a NumPy model"):
        load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("content", [None, b"", b"PK nothing"])
def test_a_file_that_is_no_archive_is_explained(tmp_path, content):
    if content is not None:
        (tmp_path / "model.skops").write_bytes(content)
    with pytest.raises(WrongUseError, match="must be the archive of a NumPy model"):
        load_model(tmp_path / "model.skops")
