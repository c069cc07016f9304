import numpy as np
import pytest

from from_scratch import NETS, XOR_NET
from pedigree.errors import RefusedError, WrongUseError
from pedigree.training.numpy.fit import Examples, fit


def train(name, validation=True, **parameters):
    net = NETS[name]
    examples, told = Examples(net.x, net.y), []
    estimator = net.build(**parameters)
    held_out = Examples(net.x[:3], net.y[:3]) if validation else None
    history = fit(estimator, examples, held_out, lambda f, e: told.append((e, f)))
    return estimator, history, told


def test_a_row_is_of_the_weights_after_that_many_updates():
    estimator, history, told = train("xor_mlp_tanh_numpy", epochs=30)
    net = NETS["xor_mlp_tanh_numpy"]
    assert [row["epoch"] for row in history] == list(range(31))
    assert [row["loss"] for row in history] == estimator.costs_
    for epochs in (1, 17, 30):
        again = net.build(epochs=epochs).fit(net.x, net.y)
        assert history[epochs] == {
            "epoch": epochs,
            "loss": again.cost_,
            "accuracy": again.score(net.x, net.y),
            "val_loss": again.cost(net.x[:3], net.y[:3]),
            "val_accuracy": again.score(net.x[:3], net.y[:3]),
        }
    assert [{"epoch": epoch, **figures} for epoch, figures in told] == history


def test_without_validation_there_are_no_such_columns():
    _, history, _ = train("and_perceptron_sheet", validation=False, epochs=2)
    assert {*history[0]} == {"epoch", "loss", "accuracy"}


def test_a_line_is_followed():
    estimator, history, _ = train("linear_regression_numpy")
    assert {*history[0]} == {"epoch", "loss", "val_loss", "slope", "intercept"}
    last = history[-1]
    x = np.array([[0.0], [1.0]])
    ends = last["intercept"], last["intercept"] + last["slope"]
    assert estimator.predict(x) == pytest.approx(ends)


def test_a_training_that_diverges_is_refused():
    with pytest.raises(RefusedError, match="loss must be finite") as caught:
        train("linear_regression_numpy", learning_rate=100.0, epochs=1000)
    assert "learning rate" in caught.value.remedy


def test_weights_that_do_not_fit_the_data_are_refused():
    net = NETS["xor_mlp_sigmoid_numpy"]._replace(model=XOR_NET)
    with pytest.raises(WrongUseError, match=r"shape \(4, 3\)"):
        fit(net.build(), Examples(np.ones((4, 3)), net.y), None, print)
