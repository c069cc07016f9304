"""The section `monitoring`: read by `pedigree monitor`, and by no stage."""

from typing import Annotated

from pydantic import Field

from pedigree.params.values import Fraction
from pedigree.sections import Section

NotNegative = Annotated[float, Field(ge=0)]


class DriftThreshold(Section):
    """When columns of new data are no longer those of the training data.

    Attributes:
        false_discovery_rate: The share of false alarms among the columns that are
            said to have drifted, at most.
        psi: The population stability index that such a column must reach as well: of
            many rows, a difference is significant that is of no importance.
        columns: How many columns may have drifted.
    """

    false_discovery_rate: Fraction
    psi: NotNegative
    columns: Annotated[int, Field(ge=0)]


class PerformanceThreshold(Section):
    """When a model answers worse than it did when it was tested.

    Attributes:
        metric: A figure of the test rows, by its name in `metrics.json`.
        worse_by: How much worse it may be. Chance counts for the model: the better end
            of the interval is what must be worse.
    """

    metric: str
    worse_by: NotNegative


class Monitoring(Section):
    """What says that a registered model has to be trained again.

    Attributes:
        drift: When the data are others.
        performance: When the answers are worse, where labels tell.
        expectations: How many critical expectations the data may fail.
    """

    drift: DriftThreshold
    performance: PerformanceThreshold | None = None
    expectations: Annotated[int, Field(ge=0)] | None = None
