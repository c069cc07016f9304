"""The section `promotion`: read by `pedigree promote`, and by no stage."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pedigree.params.values import Fraction, Positive, Seed
from pedigree.sections import Section

# Figures of which less is better.
LOSSES = ("log_loss", "mae", "mse", "rmse")

ClassFigure = Literal["precision", "recall", "f1", "roc_auc"]
Floor = Annotated[float, Field(ge=0, le=1)]


class Resampling(Section):
    """How often the test rows are drawn anew, and from which seed."""

    resamples: Annotated[int, Field(ge=100)]
    seed: Seed


class Promotion(Section):
    """What a version has to hold to become the champion of a registered model.

    Attributes:
        metric: A figure of the test rows, by its name in `metrics.json`.
        minimum: What it must reach; for a figure of which more is better.
        maximum: What it may reach; for an error or a loss.
        margin: By how much it must be better than the champion's.
        significance: How likely a difference as large may be between equal models.
        bootstrap: Resampling for the paired test; for all metrics but `accuracy`,
            which has a test of its own.
        class_floors: Per figure, what each class must reach: one floor for all of
            them, or floors by the name of the class.
        milliseconds_per_row: How long the answer to a single row may take.
        archive_bytes: How large the file of the model may be.
        expectations: Which expectations the data has to meet.
        lineage: `complete`: every step down to the source bytes is recorded, and the
            files of the version are as registered. `verified`: all bytes on that way
            are hashed anew as well, as `pedigree verify` does.
    """

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    margin: Annotated[float, Field(ge=0)]
    significance: Fraction
    bootstrap: Resampling | None = None
    class_floors: Mapping[ClassFigure, Floor | Mapping[str, Floor]] = Field(
        default_factory=dict
    )
    milliseconds_per_row: Annotated[float, Field(gt=0)]
    archive_bytes: Positive
    expectations: Literal["critical", "all"]
    lineage: Literal["complete", "verified"]

    @property
    def less_is_better(self) -> bool:
        """Whether the metric is an error or a loss."""
        return self.metric in LOSSES

    @property
    def limit(self) -> float:
        """The minimum, or the maximum of an error or a loss."""
        limit = self.maximum if self.less_is_better else self.minimum
        assert limit is not None
        return limit

    @model_validator(mode="after")
    def _limit_fits_the_metric(self) -> "Promotion":
        right, wrong = ("minimum", "maximum")
        if self.less_is_better:
            right, wrong = wrong, right
        if getattr(self, right) is None or getattr(self, wrong) is not None:
            raise ValueError(
                f"the metric {self.metric} must have a {right}, no {wrong}"
            )
        return self

    @model_validator(mode="after")
    def _test_fits_the_metric(self) -> "Promotion":
        if (self.metric == "accuracy") == (self.bootstrap is not None):
            need = "no" if self.bootstrap else "a"
            raise ValueError(f"the metric {self.metric} must have {need} bootstrap")
        if self.bootstrap and 2 / (self.bootstrap.resamples + 1) > self.significance:
            raise ValueError(
                f"significance {self.significance} needs at least "
                f"{int(2 / self.significance)} resamples"
            )
        return self
