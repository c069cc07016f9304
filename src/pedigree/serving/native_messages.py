"""What native libraries write to stderr, past Python."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pedigree.errors import PedigreeError


@contextmanager
def without_native_messages() -> Iterator[None]:
    """Keep the start-up notices of TensorFlow from the terminal.

    Some are written before any of its settings count. They are shown where the block
    fails by an error that nobody has explained.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except PedigreeError:
            raise
        except BaseException:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
