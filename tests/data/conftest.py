import gzip
from pathlib import Path

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile("data", deadline=None, max_examples=50)
hypothesis.settings.load_profile("data")


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    """A mirror of a small Fashion-MNIST, in the published files' format."""
    folder = tmp_path / "mirror" / "fashion_mnist"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, rows in {"train": 20, "t10k": 10}.items():
        images = generator.integers(0, 256, (rows, 28, 28), np.uint8)
        labels = np.arange(rows, dtype=np.uint8) % 10
        for name, offset, array in (
            ("images-idx3", 16, images),
            ("labels-idx1", 8, labels),
        ):
            content = gzip.compress(bytes(offset) + array.tobytes(), mtime=0)
            (folder / f"{split}-{name}-ubyte.gz").write_bytes(content)
    return folder
