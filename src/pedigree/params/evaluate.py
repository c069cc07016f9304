"""The section `evaluate` of an experiment: read by evaluate."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pedigree.params.values import Fraction, Seed, SplitName
from pedigree.sections import Section


class Bootstrap(Section):
    """Resampling of the test rows, for the intervals of the test figures."""

    resamples: Annotated[int, Field(ge=100)]
    confidence: Fraction
    seed: Seed


class EvaluateClassification(Section):
    """What is measured on a classifier.

    Attributes:
        splits: The splits to measure. `test` is measured last and chooses nothing.
        yardstick: A scikit-learn model to train on the same arrays, for comparison.
    """

    task: Literal["classification"]
    splits: tuple[SplitName, ...] = Field(min_length=1)
    bootstrap: Bootstrap
    yardstick: Literal["hist_gradient_boosting"] | None = None

    @model_validator(mode="after")
    def _test_is_measured(self) -> "EvaluateClassification":
        if "test" not in self.splits:
            raise ValueError("splits must contain test: intervals and plots are of it")
        return self
