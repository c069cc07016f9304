import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from pedigree.data.prepared import Arrays, Meta
from pedigree.errors import RefusedError, WrongUseError
from pedigree.evaluation.segmentation import task
from pedigree.evaluation.segmentation.figures import (
    WeightedImages,
    confusions_of,
    split_figures,
)

CLASSES = ("pet", "background", "outline")


def masks(rows=6, seed=0):
    random = np.random.default_rng(seed)
    actual = random.integers(0, 3, (rows, 5, 4), np.uint8)
    guessed = random.integers(0, 3, actual.shape, np.uint8)
    return np.where(random.random(actual.shape) < 0.6, actual, guessed), actual


def test_figures_are_those_of_scikit_learn():
    predicted, actual = masks()
    figures = split_figures(confusions_of(predicted, actual, 3), CLASSES)
    theirs = jaccard_score(actual.ravel(), predicted.ravel(), average=None)
    found = [figures["classes"][name]["iou"] for name in CLASSES]
    np.testing.assert_allclose(found, theirs)
    assert figures["mean_iou"] == pytest.approx(theirs.mean())
    assert figures["pixel_accuracy"] == (predicted == actual).mean()
    assert sum(entry["share"] for entry in figures["classes"].values()) == 1


def test_an_image_that_counts_twice_is_there_twice():
    predicted, actual = masks()
    counts = np.array([2, 0, 1, 3, 0, 1])
    rows = np.repeat(np.arange(6), counts)
    weighted = WeightedImages(confusions_of(predicted, actual, 3), CLASSES)
    again = WeightedImages(confusions_of(predicted[rows], actual[rows], 3), CLASSES)
    np.testing.assert_allclose(weighted(counts), again(np.ones(len(rows), int)))


def test_a_class_that_does_not_occur_has_no_figures():
    nothing = np.zeros((2, 3, 3), np.uint8)
    figures = split_figures(confusions_of(nothing, nothing, 3), CLASSES)
    assert figures["mean_iou"] == figures["classes"]["pet"]["iou"] == 1
    assert figures["classes"]["outline"] == {"share": 0}


def test_masks_of_another_shape_are_refused():
    predicted, actual = masks()
    for wrong in (predicted[:3], predicted[:, :2]):
        with pytest.raises(RefusedError, match="masks of shape"):
            confusions_of(wrong, actual, 3)


def test_rows_with_one_class_are_not_segmented():
    predicted, _ = masks()
    arrays = Arrays(np.zeros((6, 5, 4, 1)), np.zeros(6, int), np.arange(6))
    meta = Meta("image", "label", CLASSES, (5, 4, 1), 255.0, (), (), {}, {})
    with pytest.raises(WrongUseError, match=r"label of shape \(6,\)"):
        task.figures(predicted, arrays, meta)
