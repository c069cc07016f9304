"""What every transform must do."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from pedigree.data.raw import table_of_images
from pedigree.params import Transform

KINDS = ("image", "tabular")


def sample(kind: str) -> tuple[Transform, pa.Table]:
    """The parameters and raw rows of a transform of each kind."""
    generator = np.random.default_rng(0)
    label = {"column": "label", "values": (0, 1), "classes": ("no", "yes")}
    label["missing"] = "drop"
    if kind == "image":
        images = generator.integers(0, 256, (20, 3, 4, 2), np.uint8)
        table = table_of_images(images, np.arange(20) % 2)
        section = {"kind": "image", "label": label, "divide_by": 255.0}
    else:
        table = pa.table(
            {
                "n": generator.normal(size=20),
                "w": pa.array([None, *range(19)], pa.int64()),
                "t": pa.array([None, *("abc"[n % 3] for n in range(19))]),
                "d": pa.array([None, *(f"2010-{n % 12 + 1:02}-11" for n in range(19))]),
                "label": np.arange(20) % 2,
            }
        )
        section = {
            "kind": "tabular",
            "label": label,
            "fit": "train",
            "numeric": {
                "columns": ("n", "w"),
                "fill": "median",
                "scale": "standard",
                "flag_missing": True,
            },
            "categorical": {"columns": ("t",)},
            "dates": {
                "columns": ("d",),
                "parts": ("year", "month", "day", "season", "days"),
            },
        }
    return TypeAdapter(Transform).validate_python(section), table


@pytest.fixture(params=KINDS)
def fitted(request):
    parameters, table = sample(request.param)
    module = import_module(f"pedigree.data.transforms.{request.param}")
    return module, module.fit(parameters, table, np.arange(12)), table


def test_every_transform_makes_its_shape(fitted):
    _, transform, table = fitted
    x = transform.apply(table)
    assert x.shape == (20, *transform.input_shape)
    assert x.dtype in (np.uint8, np.float32)
    assert np.isfinite(x).all()
    if transform.feature_names:
        assert len(transform.feature_names) == x.shape[1]


def test_every_transform_treats_rows_one_by_one_and_needs_no_label(fitted):
    _, transform, table = fitted
    rows = table.drop_columns(["label"])
    alone = [transform.apply(rows.slice(n, 1)) for n in range(len(rows))]
    np.testing.assert_array_equal(np.concatenate(alone), transform.apply(table))


def test_every_transform_is_saved_in_equal_bytes_and_loaded_alike(fitted, tmp_path):
    module, transform, table = fitted
    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        transform.save(folder)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
        transform = module.load(folder)
    assert contents[0] == contents[1]
    np.testing.assert_array_equal(transform.apply(table), fitted[1].apply(table))


def test_every_transform_is_fitted_alike_twice(fitted, tmp_path: Path):
    module, transform, _ = fitted
    kind = module.__name__.rpartition(".")[2]
    parameters, table = sample(kind)
    contents = []
    for number, each in enumerate(
        [transform, module.fit(parameters, table, np.arange(12))]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        each.save(folder)
        contents.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert contents[0] == contents[1]


def test_every_transform_describes_its_raw_columns(fitted):
    module, _, _ = fitted
    kind = module.__name__.rpartition(".")[2]
    columns = module.describe_columns(*sample(kind))
    assert [(column.name, column.type, column.nullable) for column in columns] == (
        [
            ("n", "double", False),
            ("w", "double", True),
            ("t", "string", True),
            ("d", "string", True),
        ]
        if kind == "tabular"
        else []
    )
