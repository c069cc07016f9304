import keras
import numpy as np
import pytest

from pedigree.errors import WrongUseError
from pedigree.params.train import Optimizer, Train
from pedigree.sections import parse
from pedigree.training.keras.optimizers import build_optimizer

DECAY = {
    "schedule": "inverse_time_decay",
    "initial_learning_rate": 0.1,
    "decay_steps": 4,
    "decay_rate": 0.5,
}


def _optimizer(**values):
    return build_optimizer(parse(Optimizer, values, "params.yaml"))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"name": "adam"}, keras.optimizers.Adam),
        ({"name": "rmsprop"}, keras.optimizers.RMSprop),
        ({"name": "sgd", "momentum": 0.9}, keras.optimizers.SGD),
    ],
)
def test_an_optimizer_has_the_values_of_its_section(values, kind):
    built = _optimizer(learning_rate=0.25, global_clipnorm=0.5, **values)
    assert type(built) is kind
    assert float(built.learning_rate) == 0.25
    assert built.global_clipnorm == 0.5
    assert getattr(built, "momentum", 0) == values.get("momentum", 0)
    assert _optimizer(learning_rate=0.25, **values).global_clipnorm is None


def test_adam_takes_an_epsilon():
    assert _optimizer(name="adam", learning_rate=0.25).epsilon == 1e-7
    assert _optimizer(name="adam", learning_rate=0.25, epsilon=1e-8).epsilon == 1e-8


def test_the_rate_decays_with_the_inverse_of_the_time():
    built = _optimizer(name="sgd", learning_rate=DECAY, momentum=0.0)
    variable = keras.Variable([1.0])
    built.build([variable])
    for step in range(9):
        assert float(built.learning_rate) == pytest.approx(0.1 / (1 + 0.5 * step / 4))
        built.apply([np.array([0.0], "float32")])


@pytest.mark.parametrize(
    ("rate", "rule"),
    [
        ({**DECAY, "schedule": "cosine"}, "learning_rate"),
        ({**DECAY, "staircase": True}, "the key is unknown|learning_rate"),
        ({**DECAY, "decay_steps": 0}, "decay_steps"),
        (0.0, "learning_rate"),
    ],
)
def test_a_wrong_rate_is_refused(rate, rule):
    with pytest.raises(WrongUseError, match=rule):
        parse(Optimizer, {"name": "adam", "learning_rate": rate}, "params.yaml")


def test_one_of_two_says_how_the_rate_falls():
    values = {
        "library": "keras",
        "loss": "mean_squared_error",
        "optimizer": {"name": "adam", "learning_rate": DECAY},
        "batch_size": 4,
        "epochs": 1,
        "seed": 0,
        "precision": "float32",
        "xla": False,
        "reduce_learning_rate": {"monitor": "loss", "factor": 0.5, "patience": 1},
    }
    with pytest.raises(WrongUseError, match="reduce_learning_rate must not"):
        parse(Train, values, "params.yaml")
