import hashlib

import pytest

from pedigree.data.weights import find_weights, pass_on, require_weights
from pedigree.errors import RefusedError, WrongUseError
from pedigree.params.datasets import Weights


def pinned(content: bytes) -> Weights:
    return Weights(file="vgg.h5", md5=hashlib.md5(content).hexdigest())


def test_weights_go_along_with_the_rows(tmp_path):
    (tmp_path / "vgg.h5").write_bytes(b"weights")
    assert find_weights(tmp_path) is None
    pass_on(require_weights(tmp_path, pinned(b"weights")), tmp_path)
    assert find_weights(tmp_path).read_bytes() == b"weights"


def test_other_weights_are_refused(tmp_path):
    with pytest.raises(WrongUseError, match="must exist"):
        require_weights(tmp_path, pinned(b"weights"))
    (tmp_path / "vgg.h5").write_bytes(b"others")
    with pytest.raises(RefusedError, match="MD5 sum") as refused:
        require_weights(tmp_path, pinned(b"weights"))
    assert len(str(refused.value).splitlines()) == 2
