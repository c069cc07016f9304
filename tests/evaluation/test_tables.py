from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from pedigree.evaluation.tables import write_csv, write_parquet


def test_a_csv_has_the_line_ends_of_all_tracked_files(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, ("name", "ä"), iter([("a,b", 0.1), ("", 2)]))
    assert path.read_bytes() == 'name,ä\n"a,b",0.1\n,2\n'.encode()


def test_what_is_no_number_is_missing_in_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {
        "row": np.array([3, 5]),
        "name": np.array(["a", "b"]),
        "share": np.array([0.5, np.nan], np.float32),
    }
    write_parquet(path, columns)
    table = pq.read_table(path)
    assert [str(type_) for type_ in table.schema.types] == ["int64", "string", "float"]
    assert table.to_pydict() == {
        "row": [3, 5],
        "name": ["a", "b"],
        "share": [0.5, None],
    }
