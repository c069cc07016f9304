import numpy as np
import pytest

from pedigree.evaluation.learning_curves import draw_learning_curves, read_history

EPOCHS = {"epoch": [1.0, 2.0], "learning_rate": [0.1, 0.1]}
TRAINED = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.7]}
VALIDATED = {"val_loss": [1.0, 0.6], "val_accuracy": [0.4, 0.6]}


def size(path):
    """Width and height of a PNG, as its header has them."""
    return tuple(np.frombuffer(path.read_bytes()[16:24], ">u4"))


def test_history_is_read_by_columns(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n1,0.5\n2,0.25\n")
    assert read_history(path) == {"epoch": [1, 2], "loss": [0.5, 0.25]}


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("validated", [{}, VALIDATED])
def test_each_figure_has_a_panel_with_validation_or_without(
    tmp_path, epochs, validated
):
    history = {k: v[:epochs] for k, v in (EPOCHS | TRAINED | validated).items()}
    loss = {name: v for name, v in history.items() if "accuracy" not in name}
    for name, shown in (("a", history), ("b", history), ("loss", loss)):
        draw_learning_curves(shown, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert size(tmp_path / "a")[0] == 2 * size(tmp_path / "loss")[0]
