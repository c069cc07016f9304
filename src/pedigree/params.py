"""The typed schema of `params.yaml`: frozen, strict, unknown keys refused.

The sections of the file are cut along the stages. `read_section` hands a stage its
own section and nothing else, so a stage cannot read another stage's parameter.
`read_parameters` reads the whole file; only the command line uses it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from pedigree.errors import WrongUseError
from pedigree.sections import Section, SectionType, load_yaml, parse

PARAMS_FILE = Path("params.yaml")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\]+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Range = tuple[float, float]
Positive = Annotated[int, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
SplitName = Literal["train", "validation", "test"]


# --- downloads: read by fetch -------------------------------------------------------


class RemoteFile(Section):
    """A file to get, pinned by its content."""

    name: FileName
    sha256: Sha256


class SklearnDownload(Section):
    """Files that scikit-learn carries in its package."""

    kind: Literal["sklearn"]
    files: tuple[RemoteFile, ...] = Field(min_length=1)


class KerasDownload(Section):
    """A dataset of `keras.datasets`, by its real loader."""

    kind: Literal["keras"]
    name: Name
    files: tuple[RemoteFile, ...] = Field(min_length=1)


class KerasCsvDownload(Section):
    """An image dataset of `keras.datasets`, written in the layout of Kaggle's CSVs."""

    kind: Literal["keras_csv"]
    name: Name
    files: tuple[RemoteFile, ...] = Field(min_length=2, max_length=2)


class UrlDownload(Section):
    """Files below one address, by pooch."""

    kind: Literal["url"]
    url: Annotated[str, StringConstraints(pattern=r"^(https?|ftp)://")]
    files: tuple[RemoteFile, ...] = Field(min_length=1)


class KaggleDownload(Section):
    """Files of a Kaggle dataset, by kagglehub."""

    kind: Literal["kaggle"]
    dataset: Annotated[str, StringConstraints(pattern=r"^[\w-]+/[\w-]+$")]
    files: tuple[RemoteFile, ...] = Field(min_length=1)


class MirrorDownload(Section):
    """Files that no publisher serves, such as a subset: a mirror has to have them.

    Attributes:
        name: The folder of the mirror.
    """

    kind: Literal["mirror"]
    name: Name
    files: tuple[RemoteFile, ...] = Field(min_length=1)


Download = Annotated[
    SklearnDownload
    | KerasDownload
    | KerasCsvDownload
    | UrlDownload
    | KaggleDownload
    | MirrorDownload,
    Field(discriminator="kind"),
]

# --- datasets: `table` is read by ingest, `expectations` by validate ----------------


class Files(Section):
    """The published splits and their files; `all` where nothing is split yet."""

    train: FileName | None = None
    test: FileName | None = None
    all: FileName | None = None

    @model_validator(mode="after")
    def _either_all_or_train(self) -> "Files":
        if (self.all is None) == (self.train is None) or (self.all and self.test):
            raise ValueError("files must name either `all`, or `train` (and `test`)")
        return self


class TimeColumn(Section):
    """The column that says when each row of a time series was taken.

    Attributes:
        column: Its name.
        written: How its times are written, in the codes of `strptime`.
    """

    column: str
    written: Annotated[str, StringConstraints(pattern="%")]


class CsvTable(Section):
    """A CSV with one row per example.

    Attributes:
        columns: Names of the columns where the file has no usable header.
        skip_rows: Lines to leave out at the top, the unusable header among them.
        missing: The texts that stand for a missing value.
        separator: What stands between two values if not a comma: white space, however
            long.
        time: The column of times, which makes the rows a time series.
    """

    format: Literal["csv"]
    files: Files
    missing: tuple[str, ...] = ()
    skip_rows: Annotated[int, Field(ge=0)] = 0
    columns: tuple[str, ...] | None = None
    separator: Literal["white space"] | None = None
    time: TimeColumn | None = None


class CsvImagesTable(Section):
    """A CSV with one image per row: its label and its pixels, row by row.

    Attributes:
        header: Whether the first line names the columns.
        label: Whether the label is the first or the last column.
        height: Pixels per column of the image.
        width: Pixels per row of the image.
    """

    format: Literal["csv_images"]
    files: Files
    header: bool
    label: Literal["first", "last"]
    height: Positive
    width: Positive


class KerasTable(Section):
    """What a loader of `keras.datasets` returns: images, sequences or a plain table.

    Attributes:
        columns: Names for the columns of a plain table, the target's last.
    """

    format: Literal["keras"]
    name: Name
    columns: tuple[str, ...] | None = None


class TextTable(Section):
    """A text in UTF-8, one row per line."""

    format: Literal["text"]
    files: Files


Table = Annotated[
    CsvTable | CsvImagesTable | KerasTable | TextTable, Field(discriminator="format")
]


class Dataset(Section):
    """How to read a dataset, and the suite it has to pass."""

    table: Table
    expectations: Name


# --- features: read by preprocess ---------------------------------------------------


class PublishedSplit(Section):
    """The rows that the publisher set apart."""

    method: Literal["published"]


class RandomSplit(Section):
    """Rows drawn at random, by `sklearn.model_selection.train_test_split`."""

    method: Literal["random", "stratified"]
    fraction: Fraction
    seed: Seed


class TailSplit(Section):
    """The last rows, as Keras's `validation_split` takes them."""

    method: Literal["tail"]
    fraction: Fraction


Split = Annotated[
    PublishedSplit | RandomSplit | TailSplit, Field(discriminator="method")
]
ValidationSplit = Annotated[RandomSplit | TailSplit, Field(discriminator="method")]


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


class Label(Section):
    """The column to predict.

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


class ImageTransform(Section):
    """Images stay 8 bit on disk; the model divides them by `divide_by`."""

    kind: Literal["image"]
    label: Label
    divide_by: Annotated[float, Field(gt=0)]


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
        fit: The rows that statistics are taken from. `all` repeats published recipes
            that fill gaps before they split; anything else should say `train`.
    """

    kind: Literal["tabular"]
    label: Label
    fit: Literal["train", "all"]
    numeric: Numeric | None = None
    categorical: Categorical | None = None
    dates: Dates | None = None

    @model_validator(mode="after")
    def _some_column(self) -> "TabularTransform":
        if not (self.numeric or self.categorical or self.dates):
            raise ValueError("transform must use at least one column")
        return self


Transform = Annotated[ImageTransform | TabularTransform, Field(discriminator="kind")]


class Features(Section):
    """A dataset, split and turned into arrays."""

    dataset: Name
    split: Splits
    transform: Transform


# --- experiments: `model` and `train` are read by train, the rest by their stages ---


class RandomFlip(Section):
    """`keras.layers.RandomFlip`."""

    layer: Literal["random_flip"]
    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"]


class RandomRotation(Section):
    """`keras.layers.RandomRotation`: `factor` is the largest share of a full turn."""

    layer: Literal["random_rotation"]
    factor: Share


class RandomZoom(Section):
    """`keras.layers.RandomZoom`: without a width the proportions are kept."""

    layer: Literal["random_zoom"]
    height_factor: Share
    width_factor: Share | None = None


class RandomTranslation(Section):
    """`keras.layers.RandomTranslation`: the factors are shares of the sides."""

    layer: Literal["random_translation"]
    height_factor: Share
    width_factor: Share


class RandomContrast(Section):
    """`keras.layers.RandomContrast`, clipped to the range of the scaled pixels."""

    layer: Literal["random_contrast"]
    factor: Share
    value_range: Range


class RandomBrightness(Section):
    """`keras.layers.RandomBrightness`, clipped to the range of the scaled pixels."""

    layer: Literal["random_brightness"]
    factor: Share
    value_range: Range


class GaussianNoise(Section):
    """`keras.layers.GaussianNoise`, for inputs of any shape."""

    layer: Literal["gaussian_noise"]
    stddev: Share


Augmentation = Annotated[
    RandomFlip
    | RandomRotation
    | RandomZoom
    | RandomTranslation
    | RandomContrast
    | RandomBrightness
    | GaussianNoise,
    Field(discriminator="layer"),
]


class Model(BaseModel):
    """An architecture and its hyperparameters.

    The hyperparameters are checked by the architecture's own module, so that a new
    architecture is one new module.

    Attributes:
        architecture: The module of `pedigree.models`.
        seed: Seed of the weights, of dropout and of the augmentation.
        augmentation: Random layers between the scaling and the architecture.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    architecture: Name
    seed: Seed
    augmentation: tuple[Augmentation, ...] = ()

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """What the architecture's module checks and reads."""
        return dict(self.__pydantic_extra__ or {})


class Adam(Section):
    """`keras.optimizers.Adam`."""

    name: Literal["adam"]
    learning_rate: Annotated[float, Field(gt=0)]


class RmsProp(Section):
    """`keras.optimizers.RMSprop`."""

    name: Literal["rmsprop"]
    learning_rate: Annotated[float, Field(gt=0)]


class Sgd(Section):
    """`keras.optimizers.SGD`."""

    name: Literal["sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)]


Optimizer = Annotated[Adam | RmsProp | Sgd, Field(discriminator="name")]


class EarlyStopping(Section):
    """`keras.callbacks.EarlyStopping`."""

    monitor: str
    patience: Annotated[int, Field(ge=0)]
    restore_best_weights: bool


class ReduceLearningRate(Section):
    """`keras.callbacks.ReduceLROnPlateau`."""

    monitor: str
    factor: Fraction
    patience: Annotated[int, Field(ge=0)]


class Train(Section):
    """How an experiment is trained."""

    loss: Literal[
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    ]
    optimizer: Optimizer
    batch_size: Positive
    epochs: Positive
    seed: Seed
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    xla: bool
    class_weight: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    early_stopping: EarlyStopping | None = None
    reduce_learning_rate: ReduceLearningRate | None = None


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


class Register(Section):
    """The registered model that a version is added to."""

    model: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Experiment(Section):
    """An experiment: `study`, `title` and `published` are read by no stage."""

    study: Name
    title: str
    published: Mapping[str, float] = Field(default_factory=dict)
    features: Name
    model: Model
    train: Train
    evaluate: EvaluateClassification
    register_: Register = Field(alias="register")


class Parameters(Section):
    """The whole of `params.yaml`."""

    downloads: Mapping[Name, Download] = Field(default_factory=dict)
    datasets: Mapping[Name, Dataset] = Field(default_factory=dict)
    features: Mapping[Name, Features] = Field(default_factory=dict)
    experiments: Mapping[Name, Experiment] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _references_exist(self) -> "Parameters":
        for name, features in self.features.items():
            if features.dataset not in self.datasets:
                raise ValueError(
                    f"features.{name}.dataset must name a dataset; "
                    f"{features.dataset!r} is not in the section `datasets`"
                )
        for name, experiment in self.experiments.items():
            if experiment.features not in self.features:
                raise ValueError(
                    f"experiments.{name}.features must name features; "
                    f"{experiment.features!r} is not in the section `features`"
                )
        return self


# Keys that no stage reads: a change re-runs nothing.
UNREAD_EXPERIMENT_KEYS = ("study", "title", "published")


def read_parameters(path: Path = PARAMS_FILE) -> Parameters:
    """Read and check the whole file, for the command line.

    Raises:
        WrongUseError: If a key is unknown or missing, or a value is out of range.
    """
    data = load_yaml(path) or {}
    return parse(Parameters, data, path)


def read_section(
    section_type: type[SectionType], *keys: str, path: Path = PARAMS_FILE
) -> SectionType:
    """Read one section, for a stage.

    Args:
        section_type: The type of the section.
        keys: Where the section stands, e.g. `"experiments", "digits", "train"`.
        path: The parameters file.

    Raises:
        WrongUseError: If the section does not exist or is not of its type.
    """
    section = load_yaml(path)
    for depth, key in enumerate(keys):
        if not isinstance(section, Mapping) or key not in section:
            missing = ".".join(keys[: depth + 1])
            raise WrongUseError(
                f"{missing} must be in {path}. Received: no such section",
                "`pedigree list` shows what can be activated.",
            )
        section = section[key]
    return parse(section_type, section, path, keys)
