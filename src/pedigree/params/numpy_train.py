"""The section `train` of an experiment whose net is written in NumPy."""

from typing import Annotated, Literal

from pydantic import Field

from pedigree.params.values import Positive
from pedigree.sections import Section


class NumpyTrain(Section):
    """Gradient descent on all training rows at once.

    There is no seed: nothing is drawn. That of the weights stands in `model`.

    Attributes:
        loss: What is made small, a mean over the rows.
        epochs: Number of updates.
    """

    library: Literal["numpy"]
    loss: Literal[
        "binary_crossentropy", "categorical_crossentropy", "mean_squared_error"
    ]
    learning_rate: Annotated[float, Field(gt=0)]
    epochs: Positive
