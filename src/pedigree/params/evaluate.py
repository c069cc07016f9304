"""The section `evaluate` of an experiment: read by evaluate."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pedigree.params.values import Fraction, Positive, Seed, SplitName
from pedigree.sections import Section

SplitNames = Annotated[tuple[SplitName, ...], Field(min_length=1)]


class Bootstrap(Section):
    """Resampling of the reported rows, for the intervals of their figures.

    Attributes:
        resamples: How many.
        confidence: The confidence of the intervals.
        seed: Seed of the draws.
        block: How many rows are drawn together, one after the other; for series, whose
            errors are alike for as long as the weather is.
    """

    resamples: Annotated[int, Field(ge=100)]
    confidence: Fraction
    seed: Seed
    block: Positive | None = None


class Samples(Section):
    """Examples of the reported split in a picture, drawn at random or chosen.

    Attributes:
        columns: How many in a row of the picture.
        number: How many are drawn, with
        seed: the seed of the draw; or
        rows: which ones, counted from 0.
    """

    columns: Positive
    number: Positive | None = None
    seed: Seed | None = None
    rows: (
        Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] | None
    ) = None

    @model_validator(mode="after")
    def _drawn_or_chosen(self) -> "Samples":
        given = [each is not None for each in (self.number, self.seed, self.rows)]
        if given not in ([True, True, False], [False, False, True]):
            raise ValueError("samples must have either a number and a seed, or rows")
        return self


class ActivationMaps(Section):
    """What channels of a convolution answer to one image of the reported split.

    Attributes:
        layer: Name of the layer.
        channels: Which of its channels, counted from 0.
        row: Which image, counted from 0.
    """

    layer: str
    channels: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    row: Annotated[int, Field(ge=0)]


class EvaluateClassification(Section):
    """What is measured on a classifier.

    Attributes:
        splits: The splits to measure. The last one is reported on, by intervals,
            tables and plots; it is `test` wherever there are test rows, and they choose
            nothing.
        yardstick: A scikit-learn model to train on the same arrays, for comparison.
        accuracy_at_logit_half: Whether to tell, beside the accuracy of two classes,
            that of predicting the second where its log-odds are above 0.5, which is a
            probability above 0.6225. Some tutorials publish that one.
        samples: Images with what was predicted and what they are.
        activation_maps: What a convolution answers.
        weights: Whether to write all kernels and biases as a table.
        decision_boundary: Whether to draw where the prediction turns, for two inputs.
    """

    task: Literal["classification"]
    splits: SplitNames
    bootstrap: Bootstrap
    yardstick: Literal["hist_gradient_boosting"] | None = None
    accuracy_at_logit_half: bool | None = None
    samples: Samples | None = None
    activation_maps: ActivationMaps | None = None
    weights: bool | None = None
    decision_boundary: bool | None = None


class EvaluateRegression(Section):
    """What is measured on a model that predicts a number.

    Attributes:
        splits: As for classification.
        weights: As for classification.
        regression_line: Whether to draw the prediction by the input, for one input.
    """

    task: Literal["regression"]
    splits: SplitNames
    bootstrap: Bootstrap
    weights: bool | None = None
    regression_line: bool | None = None


class EvaluateReconstruction(Section):
    """What is measured on a model that gives back its input.

    Attributes:
        splits: As for classification.
        samples: Images with what the model makes of them.
    """

    task: Literal["reconstruction"]
    splits: SplitNames
    bootstrap: Bootstrap
    samples: Samples | None = None


class EvaluateSegmentation(Section):
    """What is measured on a model that tells the class of every pixel.

    Attributes:
        splits: As for classification.
        samples: Images with their masks, and with those that are predicted.
    """

    task: Literal["segmentation"]
    splits: SplitNames
    bootstrap: Bootstrap
    samples: Samples | None = None


class EvaluateForecasting(Section):
    """What is measured on a model that predicts a later number of a series.

    Attributes:
        splits: As for classification.
    """

    task: Literal["forecasting"]
    splits: SplitNames
    bootstrap: Bootstrap


class Generation(Section):
    """Texts that the model goes on with, each time by the likeliest token.

    Attributes:
        prefixes: What each text begins with, as a text looks that has been cleaned.
        tokens: How many tokens follow.
    """

    prefixes: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)
    ]
    tokens: Positive


class EvaluateLanguage(Section):
    """What is measured on a model that predicts the next token of a text.

    Attributes:
        splits: As for classification.
        generation: Texts to write.
    """

    task: Literal["language"]
    splits: SplitNames
    bootstrap: Bootstrap
    generation: Generation | None = None


Evaluate = Annotated[
    EvaluateClassification
    | EvaluateRegression
    | EvaluateReconstruction
    | EvaluateForecasting
    | EvaluateLanguage
    | EvaluateSegmentation,
    Field(discriminator="task"),
]
