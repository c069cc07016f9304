import os
import subprocess
import sys
from zipfile import ZipFile

import numpy as np
import pytest
from skops.io.exceptions import UntrustedTypesFoundException

from pedigree.archives import numpy as archive

PROGRAM = """
import sys
from pathlib import Path
import numpy as np, pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from pedigree.archives import numpy as archive
clutter = [object() for _ in range(int(sys.argv[2]))]
frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]}).astype({"b": object})
parts = [("a", StandardScaler(), ["a"]), ("b", OneHotEncoder(), ["b"])]
archive.save(ColumnTransformer(parts).fit(frame), Path(sys.argv[1]))
"""


def test_bytes_do_not_depend_on_the_process(tmp_path):
    contents = []
    for seed in ("1", "2"):
        path = tmp_path / seed
        subprocess.run(
            [sys.executable, "-c", PROGRAM, path, f"{seed}0000"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    with ZipFile(tmp_path / "1") as opened:
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_arrays_survive(tmp_path):
    shared = np.arange(3)
    archive.save({"a": shared, "b": shared, "c": np.ones((2, 2))}, tmp_path / "x")
    loaded = archive.load(tmp_path / "x", trusted=())
    np.testing.assert_array_equal(loaded["a"], shared)
    np.testing.assert_array_equal(loaded["b"], shared)
    np.testing.assert_array_equal(loaded["c"], np.ones((2, 2)))


def test_types_that_are_not_trusted_are_not_loaded(tmp_path):
    archive.save({"a": np.dtype("float64")}, tmp_path / "x")
    with pytest.raises(UntrustedTypesFoundException):
        archive.load(tmp_path / "x", trusted=())
