"""The sections `downloads`: read by fetch."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pedigree.params.values import FileName, Name, Positive, Seed, Sha256
from pedigree.sections import Section


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


class KerasCsvGroupedDownload(Section):
    """An image dataset of `keras.datasets`, its classes merged, as two CSVs.

    The CSVs have the layout of a competition: a number per row, and a test file without
    labels.

    Attributes:
        groups: The published classes that become class 0, class 1 and so on.
        files: The training CSV, then the test CSV.
    """

    kind: Literal["keras_csv_grouped"]
    name: Name
    groups: tuple[tuple[int, ...], ...] = Field(min_length=2)
    files: tuple[RemoteFile, ...] = Field(min_length=2, max_length=2)


class TruthTableDownload(Section):
    """A truth table of two bits, which is computed.

    Attributes:
        outputs: What (0, 0), (0, 1), (1, 0) and (1, 1) give.
    """

    kind: Literal["truth_table"]
    outputs: tuple[int, int, int, int]
    files: tuple[RemoteFile, ...] = Field(min_length=1, max_length=1)


class PlaygroundXorDownload(Section):
    """The points of the TensorFlow Playground's XOR, which are computed.

    Attributes:
        points: How many of them.
        noise: What part of its range a coordinate may move before it is labelled.
        seed: The text that the page's address has as `seed`.
    """

    kind: Literal["playground_xor"]
    points: Positive
    noise: Annotated[float, Field(ge=0)]
    seed: str
    files: tuple[RemoteFile, ...] = Field(min_length=1, max_length=1)


class RegressionDownload(Section):
    """Points on a line, computed by scikit-learn's `make_regression`.

    Attributes:
        points: How many of them.
        noise: The standard deviation of the noise on the target.
        seed: The `random_state`.
    """

    kind: Literal["regression"]
    points: Positive
    noise: Annotated[float, Field(ge=0)]
    seed: Seed
    files: tuple[RemoteFile, ...] = Field(min_length=1, max_length=1)


class UrlDownload(Section):
    """Files below one address, by pooch.

    Attributes:
        url: The address; without a user and a password, for all of this is recorded.
    """

    kind: Literal["url"]
    url: Annotated[str, StringConstraints(pattern=r"^(https?|ftp)://[^/@]+(/|$)")]
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
    | KerasCsvGroupedDownload
    | TruthTableDownload
    | PlaygroundXorDownload
    | RegressionDownload
    | UrlDownload
    | KaggleDownload
    | MirrorDownload,
    Field(discriminator="kind"),
]
