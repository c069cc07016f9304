"""Keras metrics of a training, by its section `train`."""

import math
from typing import Any

import keras

from pedigree.params.train import KerasTrain


class Perplexity(keras.metrics.SparseCategoricalCrossentropy):  # type: ignore[misc]
    """The exponential of the mean cross-entropy."""

    def result(self) -> keras.KerasTensor:
        """The perplexity of what has been seen."""
        return keras.ops.exp(super().result())


def metrics_of(parameters: KerasTrain) -> list[Any]:
    """What is measured in each epoch beside the loss: `parameters.figures`.

    The schema refuses by those names, and shapes no output: stages do not depend on it.
    """
    of_classes = parameters.loss.endswith("crossentropy")
    metrics: list[Any] = ["accuracy" if of_classes else "mean_absolute_error"]
    if parameters.sequences:
        metrics.append(Perplexity(name="perplexity"))
    return metrics + [_metric_named(name) for name in parameters.metrics]


def _metric_named(name: str) -> Any:
    """The metric of a name: a Keras name as it is, or one that Keras does not know."""
    if name == "accuracy_at_logit_half":
        # Models give probabilities: that of a logit is its sigmoid.
        threshold = 1 / (1 + math.exp(-0.5))
        return keras.metrics.BinaryAccuracy(name=name, threshold=threshold)
    return name
