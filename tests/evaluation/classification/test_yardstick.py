import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from pedigree.data.prepared import Arrays
from pedigree.evaluation.classification.yardstick import hist_gradient_boosting


def split(x, y):
    return Arrays(x, y.astype(np.int64), np.arange(len(y)))


def test_yardstick_is_the_default_model_on_all_but_the_test_rows():
    x, y = load_breast_cancer(return_X_y=True)
    others = [split(x[:300], y[:300]), split(x[300:400], y[300:400])]
    found = hist_gradient_boosting(others, split(x[400:], y[400:]))
    model = HistGradientBoostingClassifier(random_state=0).fit(x[:400], y[:400])
    assert found["accuracy"] == model.score(x[400:], y[400:])
    expected = roc_auc_score(y[400:], model.predict_proba(x[400:])[:, 1])
    assert abs(found["roc_auc_macro"] - expected) < 1e-9


def test_images_are_taken_and_the_figures_are_the_same_again():
    random = np.random.default_rng(0)
    y = random.integers(3, size=120)
    x = random.integers(100, size=(120, 4, 4, 1)) + 50 * y[:, None, None, None]
    others = [split(x[:60].astype(np.uint8), y[:60]), split(x[60:80], y[60:80])]
    test = split(x[80:], y[80:])
    first = hist_gradient_boosting(others, test)
    assert first["accuracy"] > 0.5
    assert first == hist_gradient_boosting(others, test)
