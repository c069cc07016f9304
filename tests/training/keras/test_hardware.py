"""Several devices and other backends, each in a process of its own."""

import os
import subprocess
import sys
import textwrap

TRAINING = """
import numpy as np
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.sections import parse
from pedigree.training.keras.checkpoint import CheckpointFile
from pedigree.training.keras.fit import Examples, compile_model, fit
from pedigree.training.keras.hardware import distribution, prepare_hardware
from pedigree.training.keras.targets import ClassTargets

architecture = Model(
    architecture="convnet", seed=0, blocks=[[4]], kernel=[3], padding=["same"],
    pool=[2], activation="relu", dense=[8],
    dropout={"blocks": [0.25], "flatten": 0.4})
parameters = parse(Train, dict(
    library="keras", loss="categorical_crossentropy",
    optimizer=dict(name="adam", learning_rate=0.01), batch_size=16, epochs=EPOCHS,
    seed=0, precision="float32", xla=False), "params.yaml")
rng = np.random.default_rng(0)
classes = rng.integers(0, 3, 200)
x = (rng.normal(size=(200, 8, 8, 1)) + 2 * classes[:, None, None, None]).astype("f4")
data = Examples(x, ClassTargets(classes, parameters.loss, 3))
prepare_hardware(parameters.xla)

def train(key, devices=None):
    with distribution(devices):
        built = build_model(architecture, (8, 8, 1), None, Head(3, "softmax"))
        compile_model(built, parameters)
    file = CheckpointFile(key)
    history = fit(built, data, data, parameters, file, lambda *_: None)
    return built, history
"""


def _run(code, folder, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_logical_devices_train_one_model(tmp_path):
    code = (
        """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
logical = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, logical)
EPOCHS = 6
"""
        + TRAINING
        + """
model_two, two = train("two", ("CPU:0", "CPU:1"))
assert model_two.distribute_strategy.num_replicas_in_sync == 2
model_one, one = train("one", ("CPU:0",))
print(two[-1]["val_accuracy"], one[-1]["val_accuracy"])
assert two[-1]["val_accuracy"] > 0.9, two
_, resumed = train("two", ("CPU:0", "CPU:1"))
assert resumed == two
"""
    )
    done = _run(code, tmp_path, KERAS_BACKEND="tensorflow")
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_jax_backend_trains_without_tensorflow(tmp_path):
    code = (
        """
import sys
sys.modules["tensorflow"] = None  # as on a machine that has only JAX
EPOCHS = 6
"""
        + TRAINING
        + """
model, history = train("jax")
assert history[-1]["val_accuracy"] > 0.9, history
_, again = train("again")
assert again == history
from pathlib import Path
from pedigree.models.keras.archive import load_predictor, save_model
save_model(model, Path("model.keras"))
expected = model.predict(x, batch_size=1024, verbose=0)
assert np.array_equal(load_predictor(Path())(x), expected)
"""
    )
    done = _run(code, tmp_path, KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stderr[-3000:]
