"""The sections `features`: read by preprocess."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pedigree.params.values import Fraction, Name, Positive, Seed
from pedigree.sections import Section


class PublishedSplit(Section):
    """The rows that the publisher set apart."""

    method: Literal["published"]


class RandomSplit(Section):
    """Rows drawn at random, by `sklearn.model_selection.train_test_split`."""

    method: Literal["random", "stratified"]
    fraction: Fraction
    seed: Seed


class TailSplit(Section):
    """The last rows: a share, as Keras's `validation_split` takes it, or a number."""

    method: Literal["tail"]
    fraction: Fraction | None = None
    rows: Positive | None = None

    @model_validator(mode="after")
    def _fraction_or_rows(self) -> "TailSplit":
        if (self.fraction is None) == (self.rows is None):
            raise ValueError("tail must have either a fraction or rows")
        return self


class HeadSplit(Section):
    """The first rows, by their number."""

    method: Literal["head"]
    rows: Positive


class OrderedSplit(Section):
    """Rows in their order: train first, then validation, then test.

    Attributes:
        fraction: The share of all rows. Train and validation get whole numbers of rows,
            rounded down, and test gets the rest.
    """

    method: Literal["ordered"]
    fraction: Fraction


class NoSplit(Section):
    """No rows. Published test rows are left out, not trained on."""

    method: Literal["none"]


Split = Annotated[
    PublishedSplit | RandomSplit | TailSplit | OrderedSplit | NoSplit,
    Field(discriminator="method"),
]
ValidationSplit = Annotated[
    RandomSplit | TailSplit | HeadSplit | OrderedSplit | NoSplit,
    Field(discriminator="method"),
]


class Splits(Section):
    """Where the test rows come from, then the validation rows from what is left.

    Attributes:
        duplicates: What happens where two splits have equal rows, the label aside.
            `refuse` stops; `drop` takes the copies out of train, and out of validation
            where test has them; `keep` only counts them.
        class_share_tolerance: How far the share of a class in validation and test may
            be from its share in train.
    """

    test: Split
    validation: ValidationSplit
    duplicates: Literal["keep", "drop", "refuse"]
    class_share_tolerance: Fraction | None = None

    @model_validator(mode="after")
    def _ordered_together(self) -> "Splits":
        ordered = [
            split.fraction
            for split in (self.validation, self.test)
            if isinstance(split, OrderedSplit)
        ]
        if len(ordered) == 1:
            raise ValueError("ordered must be the method of validation and of test")
        if sum(ordered) >= 1:
            raise ValueError("the fractions must leave rows for training")
        return self


class Label(Section):
    """The column to predict where it tells classes.

    Attributes:
        values: The values of the column, in the order of the class indices.
        classes: The names of the classes, in the same order.
        missing: What happens to rows without a label.
    """

    column: str
    values: tuple[int | str, ...] = Field(min_length=2)
    classes: tuple[str, ...] = Field(min_length=2)
    missing: Literal["drop", "refuse"]

    @model_validator(mode="after")
    def _one_name_per_value(self) -> "Label":
        if len(self.values) != len(self.classes):
            raise ValueError("classes must name each of the values once")
        return self


class Target(Section):
    """The column to predict where it holds numbers.

    Attributes:
        column: Its name.
        missing: What happens to rows without a value.
    """

    column: str
    missing: Literal["drop", "refuse"]


class NoisePixels(Section):
    """As many pixels of noise as the image has.

    Attributes:
        seed: Seed of the noise. An image has the same noise wherever it stands.
        scaled: Whether the noise is divided as the image is, and so between 0 and 1.
            One published recipe puts whole numbers of 0 to 254 beside a divided image.
    """

    fill: Literal["noise"]
    seed: Seed
    scaled: bool


class ZeroPixels(Section):
    """As many pixels of 0 as the image has."""

    fill: Literal["zeros"]


class ImageTransform(Section):
    """Images stay 8 bit on disk; the model divides them by `divide_by`.

    Attributes:
        extra_pixels: What is put behind the pixels of an image, which so becomes one
            row of features. With noise that is not scaled, the features are divided
            before they are written, as 32-bit numbers.
    """

    kind: Literal["image"]
    label: Label
    divide_by: Annotated[float, Field(gt=0)]
    extra_pixels: (
        Annotated[NoisePixels | ZeroPixels, Field(discriminator="fill")] | None
    ) = None


class Masks(Section):
    """What to predict where every pixel has a class.

    Attributes:
        column: The raw column of the masks.
        values: The values of their pixels, in the order of the class indices.
        classes: The names of the classes, in the same order.
    """

    column: str
    values: tuple[Annotated[int, Field(ge=0, le=255)], ...] = Field(min_length=2)
    classes: tuple[str, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _one_name_per_value(self) -> "Masks":
        if len(self.values) != len(self.classes):
            raise ValueError("classes must name each of the values once")
        return self


class Resize(Section):
    """What images are resized to, whatever their proportions.

    Attributes:
        height: Pixels per column.
        width: Pixels per row.
        interpolation: `bilinear` as `keras.utils.image_dataset_from_directory` does it,
            `nearest` as `keras.utils.load_img` does.
    """

    height: Positive
    width: Positive
    interpolation: Literal["bilinear", "nearest"]


class ResizedImageTransform(Section):
    """Images of any sizes to images of one; they stay 8 bit on disk.

    Attributes:
        label: What to predict of an image, or
        masks: what to predict of every pixel: one of the two. A mask is resized to the
            nearest pixel, whatever the interpolation of the images.
        divide_by: What the model divides pixels by; without it, it takes 0 to 255.
    """

    kind: Literal["resized_image"]
    label: Label | None = None
    masks: Masks | None = None
    resize: Resize
    divide_by: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _label_or_masks(self) -> "ResizedImageTransform":
        if (self.label is None) == (self.masks is None):
            raise ValueError("transform must have either a label or masks")
        return self


class Vgg16FeaturesTransform(Section):
    """Images of any sizes to what a VGG16 without its top makes of them.

    The weights are those of the dataset's table.
    """

    kind: Literal["vgg16_features"]
    label: Label
    resize: Resize


class MultiHotTransform(Section):
    """Sequences of tokens: which of the commonest words each has.

    Attributes:
        words: The tokens that are kept, 0 to `words` - 1: Keras's `num_words`. All
            others count as the one for a word that was left out.
    """

    kind: Literal["multi_hot"]
    label: Label
    words: Annotated[int, Field(gt=2)]


class Numeric(Section):
    """Numeric columns: filled, scaled, and a flag for each that misses values."""

    columns: tuple[str, ...] = Field(min_length=1)
    fill: Literal["mean", "median"]
    scale: Literal["none", "standard"]
    flag_missing: bool


class Categorical(Section):
    """Text columns, one-hot; a missing value is a category of its own."""

    columns: tuple[str, ...] = Field(min_length=1)


class Dates(Section):
    """Parts of ISO dates: the year, and the day of the year on a circle."""

    columns: tuple[str, ...] = Field(min_length=1)
    parts: tuple[Literal["year", "month", "day", "season", "days"], ...]


class TabularTransform(Section):
    """Columns of a table to one row of float32 per example.

    Attributes:
        label: What to predict, or
        target: what to predict: one of the two.
        fit: The rows that statistics are taken from. `all` repeats published recipes
            that fill gaps before they split; anything else should say `train`.
    """

    kind: Literal["tabular"]
    label: Label | None = None
    target: Target | None = None
    fit: Literal["train", "all"]
    numeric: Numeric | None = None
    categorical: Categorical | None = None
    dates: Dates | None = None

    @model_validator(mode="after")
    def _some_column(self) -> "TabularTransform":
        if not (self.numeric or self.categorical or self.dates):
            raise ValueError("transform must use at least one column")
        return self

    @model_validator(mode="after")
    def _label_or_target(self) -> "TabularTransform":
        if (self.label is None) == (self.target is None):
            raise ValueError("transform must have either a label or a target")
        return self


class TokensTransform(Section):
    """A text to tokens, each with the one that follows it.

    What is split are the tokens, in their order.

    Attributes:
        column: The column of the lines.
        level: What a token is.
        vocabulary: How many tokens are told apart: the commonest ones, and one for all
            others, which is token 0.
        fit: The tokens that are counted to find the commonest. `all` repeats published
            recipes; anything else should say `train`.
        first: How many tokens are used, from the beginning; without it, all.
    """

    kind: Literal["tokens"]
    label: ClassVar[None] = None
    column: str
    level: Literal["character", "word"]
    vocabulary: Annotated[int, Field(ge=2)]
    fit: Literal["train", "all"]
    first: Positive | None = None


class WindowsTransform(Section):
    """A series to windows of its rows, each with a number that comes later.

    Attributes:
        target: What to predict; one of the columns.
        columns: Columns of numbers, normalised by the mean and the standard deviation
            of the training rows.
        sequence_length: Steps of a window.
        sampling_rate: Rows from one step to the next.
        delay: Rows from the first step to the row whose target is predicted.
        crossing: What happens to windows whose target lies in the next split: `drop`
            leaves them out; `keep` repeats published recipes that train on them.
    """

    kind: Literal["windows"]
    label: ClassVar[None] = None
    target: Target
    columns: tuple[str, ...] = Field(min_length=1)
    sequence_length: Positive
    sampling_rate: Positive
    delay: Positive
    crossing: Literal["drop", "keep"]

    @property
    def span(self) -> int:
        """Rows from the first step of a window to its last."""
        return (self.sequence_length - 1) * self.sampling_rate

    @model_validator(mode="after")
    def _predict_what_comes_later(self) -> "WindowsTransform":
        if self.target.column not in self.columns:
            raise ValueError("target.column must be one of the columns")
        if self.delay <= self.span:
            raise ValueError(
                "delay must be more than (sequence_length - 1) * sampling_rate"
            )
        return self


Transform = Annotated[
    ImageTransform
    | ResizedImageTransform
    | MultiHotTransform
    | TabularTransform
    | TokensTransform
    | Vgg16FeaturesTransform
    | WindowsTransform,
    Field(discriminator="kind"),
]


class Features(Section):
    """A dataset, split and turned into arrays."""

    dataset: Name
    split: Splits
    transform: Transform

    @model_validator(mode="after")
    def _text_in_one_piece(self) -> "Features":
        methods = {self.split.test.method, self.split.validation.method}
        if isinstance(self.transform, TokensTransform):
            if not methods <= {"tail", "head", "ordered", "none"}:
                raise ValueError(
                    "a text must be split by the methods tail, head, ordered, none"
                )
            if self.split.duplicates != "keep":
                raise ValueError("duplicates of a text, which has no equal rows: keep")
        return self
