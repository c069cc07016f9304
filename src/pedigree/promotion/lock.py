"""One promotion at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from pedigree.tracking.store import FOLDER

# The lock of the checkout: also where the store is a server, which has none of its own.
LOCK = FOLDER / "promotion.lock"


@contextmanager
def promotion_lock(wait: bool = True) -> Iterator[bool]:
    """Keep others from promoting, as long as the block runs.

    The operating system holds the lock: it ends with the process, however that ends.

    Args:
        wait: Whether to wait for another to finish.

    Yields:
        Whether the lock is held; it always is after waiting.
    """
    from filelock import FileLock, Timeout

    LOCK.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(LOCK)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
