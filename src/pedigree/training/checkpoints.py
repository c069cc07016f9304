"""How long the checkpoints of a run are kept."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pedigree.errors import PedigreeError

CHECKPOINTS = Path(".pedigree/checkpoints")


@contextmanager
def checkpoints_kept(key: str) -> Iterator[None]:
    """Keep the checkpoints of all trainings of a run until the block ends.

    DVC deletes what a run that was killed had written. So the checkpoints of its parts
    that are done have to outlast them, or the next run would begin with the first
    part again. A run that is refused would be again: it leaves none either.

    Args:
        key: What identifies the run; the keys of its parts begin with it.
    """
    try:
        yield
    except PedigreeError:
        remove_checkpoints(key)
        raise
    remove_checkpoints(key)


def remove_checkpoints(key: str) -> None:
    """Forget the checkpoints of a run, and of all its parts."""
    for folder in (CHECKPOINTS / key, *CHECKPOINTS.glob(f"{key}-*")):
        shutil.rmtree(folder, ignore_errors=True)
