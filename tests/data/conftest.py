from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("data", deadline=None, max_examples=50)
hypothesis.settings.load_profile("data")


@pytest.fixture
def fashion(tmp_path: Path, write_fashion: Callable[[Path], None]) -> Path:
    """A mirror of a small Fashion-MNIST, in the published files' format."""
    folder = tmp_path / "mirror" / "fashion_mnist"
    write_fashion(folder)
    return folder
