"""The sections `downloads`: read by fetch."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pedigree.params.values import FileName, Name, Sha256
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
    | UrlDownload
    | KaggleDownload
    | MirrorDownload,
    Field(discriminator="kind"),
]
