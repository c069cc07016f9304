"""What every transform must do."""

import datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter

from pedigree.data.raw import batches_of_images, table_of_images, table_of_sequences
from pedigree.params.features import Transform

EXTRA_PIXELS = {
    "image and noise": {"fill": "noise", "seed": 0, "scaled": True},
    "image and noise that is not scaled": {"fill": "noise", "seed": 0, "scaled": False},
    "image and zeros": {"fill": "zeros"},
}
KINDS = ("image", *EXTRA_PIXELS, "multi_hot", "resized_image", "tabular", "windows")

# Rows that an example has beside its first.
SPAN = {"windows": 4}


def module_of(kind: str) -> ModuleType:
    return import_module(f"pedigree.data.transforms.{kind.partition(' ')[0]}")


def photographs(seed: int) -> pa.Table:
    """Images of two channels, each of a size of its own."""
    generator = np.random.default_rng(seed)
    sides = generator.integers(1, 9, (20, 2))
    images = (generator.integers(0, 256, (*each, 2), np.uint8) for each in sides)
    rows = ((image, {"label": n % 2}) for n, image in enumerate(images))
    return pa.Table.from_batches(batches_of_images(rows, {"label": pa.int64()}))


def sample(kind: str) -> tuple[Transform, pa.Table]:
    """The parameters and raw rows of a transform of each kind."""
    generator = np.random.default_rng(0)
    label = {"column": "label", "values": (0, 1), "classes": ("no", "yes")}
    label["missing"] = "drop"
    if kind.startswith("image"):
        images = generator.integers(0, 256, (20, 3, 4, 2), np.uint8)
        table = table_of_images(images, np.arange(20) % 2)
        section = {"kind": "image", "label": label, "divide_by": 255.0}
        section["extra_pixels"] = EXTRA_PIXELS.get(kind)
    elif kind == "resized_image":
        table = photographs(seed=0)
        resize = {"height": 4, "width": 5, "interpolation": "bilinear"}
        section = {"kind": kind, "label": label, "divide_by": 255.0, "resize": resize}
    elif kind == "multi_hot":
        tokens = [generator.integers(0, 9, n % 4).tolist() for n in range(20)]
        sequences = pa.array(tokens, pa.list_(pa.int32()))
        table = table_of_sequences(sequences, np.arange(20) % 2)
        section = {"kind": "multi_hot", "label": label, "words": 6}
    elif kind == "windows":
        columns = {name: generator.normal(size=20) for name in "nt"}
        table = pa.table({**columns, "label": np.arange(20) % 2})
        section = {"kind": "windows", "columns": ("n", "t"), "crossing": "drop"}
        section |= {"target": {"column": "t", "missing": "refuse"}}
        section |= {"sequence_length": 3, "sampling_rate": 2, "delay": 6}
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
    fitted = module_of(request.param).fit(parameters, table, np.arange(12))
    return request.param, fitted, table


def test_every_transform_makes_its_shape(fitted):
    kind, transform, table = fitted
    x = transform.apply(table)
    assert x.shape == (20 - SPAN.get(kind, 0), *transform.input_shape)
    assert x.dtype in (np.uint8, np.float32)
    assert np.isfinite(x).all()
    if transform.feature_names:
        assert len(transform.feature_names) == x.shape[-1]


def test_every_transform_treats_examples_one_by_one_and_needs_no_label(fitted):
    kind, transform, table = fitted
    rows, span = table.drop_columns(["label"]), SPAN.get(kind, 0)
    alone = [transform.apply(rows.slice(n, span + 1)) for n in range(len(rows) - span)]
    np.testing.assert_array_equal(np.concatenate(alone), transform.apply(table))


def test_every_transform_is_saved_in_equal_bytes_and_loaded_alike(fitted, tmp_path):
    kind, transform, table = fitted
    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        transform.save(folder)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
        transform = module_of(kind).load(folder)
    assert contents[0] == contents[1]
    assert (transform.input_shape, transform.divide_by) == (
        fitted[1].input_shape,
        fitted[1].divide_by,
    )
    np.testing.assert_array_equal(transform.apply(table), fitted[1].apply(table))


def test_every_transform_is_fitted_alike_twice(fitted, tmp_path: Path):
    kind, transform, _ = fitted
    parameters, table = sample(kind)
    contents = []
    for number, each in enumerate(
        [transform, module_of(kind).fit(parameters, table, np.arange(12))]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        each.save(folder)
        contents.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert contents[0] == contents[1]


def test_every_transform_describes_its_raw_columns(fitted):
    kind, _, _ = fitted
    columns = module_of(kind).describe_columns(*sample(kind))
    wanted = {
        "multi_hot": [("tokens", "longs", False)],
        "tabular": [
            ("n", "double", False),
            ("w", "double", True),
            ("t", "string", True),
            ("d", "string", True),
        ],
        "windows": [("n", "double", False), ("t", "double", False)],
    }
    found = [(column.name, column.type, column.nullable) for column in columns]
    assert found == wanted.get(kind, [])


def any_rows(kind: str) -> st.SearchStrategy[pa.Table]:
    """Tables like that of `sample`, with any values that the data may have."""
    _, table = sample(kind)
    labels = arrays(np.int64, 20, elements=st.integers(0, 1))
    if kind.startswith("image"):
        images = arrays(np.uint8, (20, 3, 4, 2))
        return st.builds(table_of_images, images, labels)
    if kind == "resized_image":
        return st.builds(photographs, st.integers(0, 99))
    if kind == "multi_hot":
        sequence = st.lists(st.integers(0, 2**31 - 1), max_size=3)
        tokens = st.lists(sequence, min_size=20, max_size=20)
        sequences = tokens.map(lambda drawn: pa.array(drawn, pa.list_(pa.int32())))
        return st.builds(table_of_sequences, sequences, labels)
    if kind == "windows":
        numbers = arrays(np.float64, 20, elements=st.floats(-1e12, 1e12))
        columns = st.tuples(numbers, numbers, labels)
        return columns.map(lambda drawn: pa.table([*drawn], names=["n", "t", "label"]))
    dates = st.dates(datetime.date(1900, 1, 1)).map(str)
    values = {
        "n": st.floats(-1e12, 1e12),
        "w": st.none() | st.integers(-(2**53), 2**53),
        "t": st.none() | st.text(max_size=2),
        "d": st.none() | dates,
    }
    columns = {
        name: st.lists(drawn, min_size=20, max_size=20)
        for name, drawn in values.items()
    }
    drawn = st.fixed_dictionaries({**columns, "label": labels})
    return drawn.map(lambda columns: pa.table(columns, schema=table.schema))


def learned(kind: str, table: pa.Table, train: np.ndarray) -> list[bytes]:
    """The files of a transform that is fitted on training rows, and their array."""
    parameters, _ = sample(kind)
    fitted = module_of(kind).fit(parameters, table, train)
    with TemporaryDirectory() as folder:
        fitted.save(Path(folder))
        files = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    return [*files, fitted.apply(table.take(train)).tobytes()]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(data=st.data())
def test_rows_that_are_not_for_training_teach_nothing(kind, data):
    _, table = sample(kind)
    train = np.array(data.draw(st.permutations(range(20))))[:12]
    source = np.arange(20) + 20  # the other table, but for the training rows
    source[train] -= 20
    changed = pa.concat_tables([table, data.draw(any_rows(kind))]).take(source)
    assert learned(kind, changed, train) == learned(kind, table, train)
