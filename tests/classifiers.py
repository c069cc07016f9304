"""What a classifier might answer, for the tests of its figures."""

import numpy as np

CLASSES = ("No", "Yes/1", "Maybe")


def make(rows, classes=3, seed=0, decimals=None):
    """Labels and probabilities that know something; few decimals make ties."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=rows)
    labels[:classes] = np.arange(classes)[:rows]
    scores = random.random((rows, classes)) + 0.01
    scores[np.arange(rows), labels] += 0.7
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    if decimals is not None:
        probabilities = probabilities.round(decimals)
    return labels, probabilities.astype(np.float32)


def flat(figures):
    """The figures that have intervals, named as the intervals are."""
    names = {name: value for name, value in figures.items() if name != "rows"}
    per_class = names.pop("classes")
    return names | {
        f"classes.{label}.{name}": value
        for label, entry in per_class.items()
        for name, value in entry.items()
        if name != "support"
    }
