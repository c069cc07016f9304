"""Training images as random layers change them."""

import random

import numpy as np
import pytest

from pedigree.evaluation.augmented import TIMES, augment_image, draw_augmented
from pedigree.models.build import build_model
from pedigree.models.head import Head
from pedigree.models.keras.archive import MODEL_FILE, load_model, save_model
from pedigree.params.model import Model

SHAPE = (6, 6, 3)
IMAGE = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
LAYERS = (
    {"layer": "random_flip", "mode": "horizontal"},
    {"layer": "random_brightness_factor", "factor": 0.5, "value_range": (0.0, 1.0)},
)


def archive_of(folder, **section):
    """Save a model; what Python draws before it is loaded is not what it was."""
    defaults = {"blocks": [[2]], "kernel": [3], "padding": ["same"], "pool": [2]}
    defaults |= {"activation": "relu", "dense": [], "seed": 0}
    model = Model(architecture="convnet", **defaults, **section)
    archive = folder / MODEL_FILE
    save_model(build_model(model, SHAPE, 255.0, Head(3, "softmax")), archive)
    random.seed()
    return archive


@pytest.mark.parametrize("section", [{}, {"augmentation_block": True}])
def test_an_image_is_shown_as_it_is_and_changed(tmp_path, section):
    archive = archive_of(tmp_path, augmentation=LAYERS, **section)
    original, *changed = augment_image(load_model(archive), IMAGE, 0)
    assert np.allclose(original, IMAGE / 255, atol=1e-6)
    assert len({each.tobytes() for each in [original, *changed]}) == 1 + TIMES
    mirrored = [np.corrcoef(each.ravel(), original.ravel())[0, 1] for each in changed]
    assert min(mirrored) < 0.7 < max(mirrored)  # a flip is not a change of brightness
    drawn = []
    for seed in (0, 0, 1):
        draw_augmented(archive, IMAGE, 255.0, seed, tmp_path / "augmented.png")
        drawn.append((tmp_path / "augmented.png").read_bytes())
    assert drawn[0] == drawn[1] != drawn[2]


def test_nothing_is_drawn_without_such_layers_or_without_images(tmp_path):
    path = tmp_path / "augmented.png"
    draw_augmented(archive_of(tmp_path / "plain"), IMAGE, 255.0, 0, path)
    archive = archive_of(tmp_path / "changing", augmentation=LAYERS)
    draw_augmented(archive, np.zeros(4), 255.0, 0, path)
    draw_augmented(tmp_path / "model.skops", IMAGE, 255.0, 0, path)
    assert not path.exists()
    draw_augmented(archive, IMAGE, 255.0, 0, path)
    assert path.exists()
