"""The sections `datasets`: `table` is read by ingest, `expectations` by validate."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from pedigree.params.values import FileName, Name, Positive, Seed
from pedigree.sections import Section


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


class Selection(Section):
    """The rows to read: those that have one of some values in a column."""

    column: str
    values: tuple[int | str, ...] = Field(min_length=1)


class CsvTable(Section):
    """A CSV with one row per example.

    Attributes:
        columns: Names of the columns where the file has no usable header.
        skip_rows: Lines to leave out at the top, the unusable header among them.
        missing: The texts that stand for a missing value.
        separator: What stands between two values if not a comma: white space, however
            long.
        time: The column of times, which makes the rows a time series.
        leave_out: Rows of the file not to read, by their numbers from 0.
        select: What the rows to read have in common; without it, all are read.
    """

    format: Literal["csv"]
    files: Files
    missing: tuple[str, ...] = ()
    skip_rows: Annotated[int, Field(ge=0)] = 0
    columns: tuple[str, ...] | None = None
    separator: Literal["white space"] | None = None
    time: TimeColumn | None = None
    leave_out: tuple[Annotated[int, Field(ge=0)], ...] = ()
    select: Selection | None = None

    @model_validator(mode="after")
    def _left_out_of_one_file(self) -> "CsvTable":
        if self.leave_out and not self.files.all:
            raise ValueError("leave_out needs one file, `files.all`")
        return self


class CsvNumbersTable(Section):
    """A CSV of numbers alone, which may be longer than the memory.

    Attributes:
        header: Whether there is a first line to leave out.
        columns: The name of each column.
        type: How precise the numbers are: that of the publisher's, where it is known.
        whole: The columns whose numbers are whole, however they are written.
        rows: How many of the first rows to read; without it, all are read.
    """

    format: Literal["csv_numbers"]
    files: Files
    header: bool
    columns: tuple[str, ...] = Field(min_length=1)
    type: Literal["float32", "float64"]
    whole: tuple[str, ...] = ()
    rows: Positive | None = None

    @model_validator(mode="after")
    def _names_once(self) -> "CsvNumbersTable":
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("columns must name each column once")
        if not set(self.whole) <= set(self.columns):
            raise ValueError("whole must name columns of `columns`")
        return self


class CsvImagesTable(Section):
    """A CSV with one image per row: its label and its pixels, row by row.

    Attributes:
        header: Whether the first line names the columns.
        id: Whether a number of the row stands before all else; it is kept.
        label: Whether the label is the first or the last column, the number aside.
        unlabelled: The published splits that have no column of labels.
        height: Pixels per column of the image.
        width: Pixels per row of the image.
    """

    format: Literal["csv_images"]
    files: Files
    header: bool
    id: bool = False
    label: Literal["first", "last"]
    unlabelled: tuple[Literal["train", "test", "all"], ...] = ()
    height: Positive
    width: Positive


class ImageFiles(Section):
    """The images of a published split.

    Attributes:
        pattern: Their paths, where `{class}` stands for the name of each class and `*`
            for any part of a name.
        first: How many of each class to leave out before them, in the order of the
            numbers in their names.
        count: How many of each class to take; without it, all that are left.
    """

    pattern: Annotated[str, StringConstraints(pattern=r"\{class\}")]
    first: Annotated[int, Field(ge=0)] = 0
    count: Positive | None = None


class Weights(Section):
    """A file of pretrained weights, beside the rows of a dataset.

    Attributes:
        file: Its name.
        md5: The sum that its publisher pins it by.
    """

    file: FileName
    md5: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class ImageSplits(Section):
    """The images of each published split; `all` where nothing is split yet."""

    train: ImageFiles | None = None
    test: ImageFiles | None = None
    all: ImageFiles | None = None

    def items(self) -> Iterator[tuple[str, ImageFiles]]:
        """The splits that there are, by their names."""
        for name, files in self:
            if files is not None:
                yield name, files


class ImageFolderTable(Section):
    """Images of any sizes in folders or files that are named after their classes.

    Attributes:
        archive: The tar or zip that holds them; without it, they lie as they are.
        classes: The names of the classes; a label is the place of a name in it.
        splits: The images of each published split.
        weights: What goes along with the images to nets that begin from it.
    """

    format: Literal["image_folder"]
    archive: FileName | None = None
    classes: tuple[str, ...] = Field(min_length=2)
    splits: ImageSplits
    weights: Weights | None = None


class ImageMasksTable(Section):
    """Images of any sizes, and for each a mask that tells of every pixel.

    Attributes:
        archives: The tars or zips that hold them; without any, they lie as they are.
        images: The paths of the images, where `*` stands for any part of a name.
        masks: The paths of the masks; an image and its mask have one name, endings
            aside.
        shuffle_seed: Seed of `random.Random`, which shuffles the sorted paths; without
            it, they stay sorted.
    """

    format: Literal["image_masks"]
    archives: tuple[FileName, ...] = ()
    images: str
    masks: str
    shuffle_seed: Seed | None = None


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
    CsvTable
    | CsvNumbersTable
    | CsvImagesTable
    | ImageFolderTable
    | ImageMasksTable
    | KerasTable
    | TextTable,
    Field(discriminator="format"),
]


class Dataset(Section):
    """How to read a dataset, and the suite it has to pass."""

    table: Table
    expectations: Name
