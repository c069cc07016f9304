"""Going on with a text, token by token."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pedigree.errors import RefusedError
from pedigree.models.predictor import Predictor

if TYPE_CHECKING:
    from pedigree.data.prepared import Meta

# How many tokens a registered model goes on with.
TOKENS = 50


def continue_texts(
    predictor: Predictor, texts: Sequence[str], meta: "Meta", tokens: int = TOKENS
) -> list[str]:
    """Go on with texts, each time by the likeliest token: no draw, no search.

    Args:
        predictor: The model.
        texts: How the texts begin, as lines look that have been cleaned.
        meta: What the tokens of the model are.
        tokens: How many are added to each text.

    Returns:
        What is added to each.

    Raises:
        RefusedError: If a text has no token to go on from.
    """
    assert meta.classes
    of_words = meta.feature_names == ("word",)
    numbers = {token: number for number, token in enumerate(meta.classes)}
    known = [
        [numbers.get(token, 0) for token in (text.split() if of_words else text)]
        for text in texts
    ]
    if not all(known):
        raise RefusedError(
            "a text must have at least one letter to go on from. Received: none in "
            f"row {[bool(each) for each in known].index(False)}",
            "Write the beginning of a text.",
        )
    # A model looks back alone, so what stands behind the end of a text does not count:
    # all predictions have one shape.
    rows, ends = np.arange(len(known)), np.array([len(each) for each in known])
    x = np.zeros((len(known), int(ends.max()) + tokens, 1), np.int32)
    for row, each in enumerate(known):
        x[row, : len(each), 0] = each
    for step in range(tokens):
        probabilities = predictor(x)
        x[rows, ends + step, 0] = probabilities[rows, ends + step - 1].argmax(axis=-1)
    separator = " " if of_words else ""
    return [
        "".join(separator + meta.classes[number] for number in x[row, end:][:tokens, 0])
        for row, end in zip(rows, ends, strict=True)
    ]
