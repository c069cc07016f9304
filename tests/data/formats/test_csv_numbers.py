"""What is particular to large tables of numbers."""

import gzip

import numpy as np
import pytest

from table_sections import (
    csv_numbers,
    read,
)


@pytest.mark.parametrize("rows", [None, 1, 60, 100])
@pytest.mark.parametrize("header", [True, False])
def test_numbers_are_read_block_by_block(header, rows, tmp_path, monkeypatch):
    monkeypatch.setattr("pedigree.data.formats.csv_numbers.BLOCK_BYTES", 1024)
    numbers = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    numbers[:, 0] = np.arange(100)
    lines = [",".join(f"{x:.18e}" for x in row) for row in numbers]
    content = "\n".join(["x,y,z"] * header + lines) + "\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content.encode()))
    section = csv_numbers(
        files={"all": "a.csv.gz"}, header=header, columns=("a", "b", "c"), rows=rows
    )
    table = read(section, tmp_path)["all"]
    assert rows == 1 or table["b"].num_chunks > 1
    assert [str(type_) for type_ in table.schema.types] == ["int64", "float", "float"]
    for place, name in enumerate("abc"):
        np.testing.assert_array_equal(table[name], numbers[:rows, place])
