"""What is told of each epoch; Keras is not imported to know it."""

from collections.abc import Sequence


def metrics_for(loss: str, further: Sequence[str] = ()) -> list[str]:
    """What is told of each epoch beside the loss.

    Args:
        loss: Name of the loss.
        further: `train.metrics`.
    """
    told = "accuracy" if loss.endswith("crossentropy") else "mean_absolute_error"
    return [told, *further]


def figures_for(metrics: Sequence[str], validation: bool) -> list[str]:
    """The figures of each epoch that tell how good a model is.

    Args:
        metrics: What is told beside the loss.
        validation: Whether there are validation rows.
    """
    known = ["loss", *metrics]
    return known + [f"val_{name}" for name in known if validation]
