"""Files of new rows, as `pedigree monitor` reads them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pedigree.data.raw import table_of_images
from pedigree.errors import RefusedError
from pedigree.monitoring.new_data import read_new_data
from pedigree.serving.version import ServedVersion


def test_a_missing_image_is_named(
    make_images: Callable[[str], ServedVersion], tmp_path: Path
) -> None:
    table = table_of_images(np.zeros((4, 2, 2), np.uint8), None)
    images = [None if row == 2 else b"\0" * 4 for row in range(4)]
    path = tmp_path / "new.parquet"
    pq.write_table(table.set_column(0, "image", pa.array(images, pa.binary())), path)
    with pytest.raises(RefusedError, match="Received: none in row 2"):
        read_new_data(make_images("classes"), path, None, table)
