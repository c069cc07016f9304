"""What is particular to texts."""

import pytest

from pedigree.errors import RefusedError
from table_sections import read, text


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a\r\nb", ["a\r", "b"]),
        (b"\xef\xbb\xbfa\n", ["\ufeffa"]),
        (b"\n\n", ["", ""]),
        (b"a\x0bb\x0c\xc2\x85c\n", ["a\x0bb\x0c\x85c"]),
    ],
)
def test_only_a_line_feed_ends_a_line(content, lines, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    assert read(text(), tmp_path)["all"]["line"].to_pylist() == lines


@pytest.mark.parametrize(
    ("content", "received"), [(b"", "an empty file"), (b"a\xe4", "at byte 1")]
)
def test_what_is_no_text_is_refused_in_two_lines(content, received, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read(text(), tmp_path)
    assert received in refused.value.rule
    assert len(str(refused.value).splitlines()) == 2
