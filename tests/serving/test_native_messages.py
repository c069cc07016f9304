"""What native libraries write as they start is not a user's business."""

import os

import pytest

from pedigree.errors import RefusedError
from pedigree.serving.native_messages import without_native_messages


def write(text: str) -> None:
    os.write(2, text.encode())


def test_they_are_kept_from_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with without_native_messages():
        write("no GPU\n")
    write("shown\n")
    assert capfd.readouterr().err == "shown\n"


def test_an_error_that_is_explained_needs_none(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(RefusedError), without_native_messages():
        write("no GPU\n")
        raise RefusedError("a rule", "a remedy")
    assert capfd.readouterr().err == ""


def test_an_error_that_is_not_shows_them(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError), without_native_messages():
        write("libcudart is missing\n")
        raise ImportError
    assert capfd.readouterr().err == "libcudart is missing\n"
