"""What is told of each epoch; Keras is not imported to know it."""


def metrics_for(loss: str) -> list[str]:
    """What is told of each epoch beside the loss."""
    return ["accuracy"] if loss.endswith("crossentropy") else ["mean_absolute_error"]


def figures_for(loss: str, validation: bool) -> list[str]:
    """The figures of each epoch that tell how good a model is.

    Args:
        loss: The loss of a Keras training.
        validation: Whether there are validation rows.
    """
    known = ["loss", *metrics_for(loss)]
    return known + [f"val_{name}" for name in known if validation]
