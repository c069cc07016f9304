"""Windows are those of Keras's own function, in training and in prediction too."""

from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pytest

from pedigree.data import prepared
from pedigree.data.transforms import windows
from pedigree.models.keras import archive
from pedigree.params.features import WindowsTransform
from pedigree.training.keras.batches import TrainingBatches, ValidationBatches
from pedigree.training.keras.targets import NumberTargets

ROWS, STEPS, RATE, DELAY = 200, 5, 3, 19
BORDERS = {"train": (0, 100), "validation": (100, 150), "test": (150, 200)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A series in three parts, as preprocess writes it where `crossing` is keep."""
    parameters = WindowsTransform.model_validate(
        {
            "kind": "windows",
            "target": {"column": "t", "missing": "refuse"},
            "columns": ("p", "t"),
            "sequence_length": STEPS,
            "sampling_rate": RATE,
            "delay": DELAY,
            "crossing": "keep",
        }
    )
    folder, table = tmp_path_factory.mktemp("series"), raw()
    fitted = windows.fit(parameters, table, np.arange(*BORDERS["train"]))
    counts = {}
    for split, (start, end) in BORDERS.items():
        predicted = fitted.predicted(np.arange(start, end), ROWS)
        arrays = prepared.Arrays(
            fitted.series(table.slice(start, end - start)),
            table["t"].to_numpy()[predicted].astype(np.float32),
            predicted,
        )
        prepared.write_split(folder, split, arrays)
        counts[split] = len(predicted)
    meta = prepared.Meta(
        kind="windows",
        target="t",
        classes=None,
        input_shape=fitted.input_shape,
        divide_by=None,
        feature_names=fitted.feature_names,
        columns=windows.describe_columns(parameters, table),
        rows=counts,
        class_counts={},
        windows=fitted.windows,
    )
    prepared.write_meta(folder, meta)
    assert prepared.read_meta(folder) == meta
    return folder


def raw() -> pa.Table:
    generator = np.random.default_rng(0)
    return pa.table({name: generator.normal(5, 3, ROWS).round(2) for name in "pt"})


def by_keras(split: str) -> tuple[np.ndarray, np.ndarray]:
    """What the published code gets: normalised rows, and targets as they are."""
    data = np.stack([raw()[name].to_numpy() for name in "pt"], axis=1)
    start, end = BORDERS["train"]
    normalised = (data - data[start:end].mean(axis=0)) / data[start:end].std(axis=0)
    start, end = BORDERS[split]
    batches = keras.utils.timeseries_dataset_from_array(
        normalised[:-DELAY],
        targets=data[DELAY:, 1],
        sampling_rate=RATE,
        sequence_length=STEPS,
        start_index=start,
        end_index=None if split == "test" else end,
        batch_size=7,
    )
    return tuple(np.concatenate(each) for each in zip(*batches, strict=True))


@pytest.mark.parametrize("split", BORDERS)
def test_windows_and_targets_are_those_of_keras(folder: Path, split: str) -> None:
    arrays = prepared.open_split(folder, split)
    x, y = by_keras(split)
    assert arrays.x.shape == x.shape
    np.testing.assert_allclose(arrays.x, x, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(arrays.y, y.astype(np.float32))


def test_a_split_of_windows_is_opened_without_reading_it(folder: Path) -> None:
    x = prepared.open_split(folder, "train").x
    stored = np.load(folder / "train/x.npy", mmap_mode="r")
    owner = x
    while not isinstance(owner, np.memmap):
        owner = owner.base
    assert Path(owner.filename) == folder / "train/x.npy"
    assert x.nbytes > 4 * stored.nbytes
    assert not x.flags.writeable


def test_batches_are_windows_with_their_targets(folder: Path) -> None:
    arrays = prepared.open_split(folder, "train")
    targets = NumberTargets(arrays.y)
    training = TrainingBatches(arrays.x, targets, batch_size=8, seed=0)
    place = {row.tobytes(): number for number, row in enumerate(arrays.x)}
    seen = []
    for step in range(training.steps_per_epoch):
        x, y = training[step]
        assert x.flags.owndata
        numbers = [place[row.tobytes()] for row in x]
        np.testing.assert_array_equal(y[:, 0], arrays.y[numbers])
        seen += numbers
    assert sorted(seen) == list(range(len(arrays.y)))
    x, _ = ValidationBatches(arrays.x, targets, batch_size=8)[1]
    np.testing.assert_array_equal(x, arrays.x[8:16])


def test_predictions_come_batch_by_batch(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = keras.Input((STEPS, 2))
    outputs = keras.layers.Dense(1)(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    archive.save_model(model, tmp_path / archive.MODEL_FILE)
    monkeypatch.setattr(archive, "rows_at_once", lambda _: 16)
    x = prepared.open_split(folder, "train").x
    taken = []

    class Watched:
        """The windows, which remember how many were taken at once."""

        shape = x.shape

        def __len__(self) -> int:
            return len(x)

        def __getitem__(self, rows: slice) -> np.ndarray:
            taken.append(len(x[rows]))
            return x[rows]

    predicted = archive.load_predictor(tmp_path)(Watched())
    assert max(taken) == 16
    assert sum(taken) == len(x)
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, model.predict(x, verbose=0), rtol=1e-5)
