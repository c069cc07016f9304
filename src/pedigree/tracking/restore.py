"""Putting back the outputs of the last execution that succeeded.

DVC deletes the outputs of a stage before it runs it. When the stage then fails, this
brings them back from DVC's cache, so that bad input never costs an earlier result.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pedigree.tracking.dvc_entry import DvcEntry


@contextmanager
def outputs_kept(dvc_entry: DvcEntry) -> Iterator[None]:
    """Put the outputs of a stage back if the block fails.

    Where outputs are there at the start, the stage runs by hand and not under DVC:
    they are its own affair then.

    Args:
        dvc_entry: The stage.
    """
    deleted = not any(Path(out.fs_path).exists() for out in dvc_entry.stage.outs)
    try:
        yield
    except BaseException:
        if deleted:
            for out in dvc_entry.stage.outs:
                out.remove()
            for path in restore_outputs(dvc_entry):
                sys.stderr.write(f"{path} is not in DVC's cache: it is gone.\n")
        raise


def restore_outputs(dvc_entry: DvcEntry) -> list[str]:
    """Check out what `dvc.lock` records about a stage.

    Outputs with `cache: false` come back as well: DVC's run cache keeps copies of
    them in the same store. The lock of the repository is not needed, since only files
    that belong to this stage are touched.

    Args:
        dvc_entry: The stage.

    Returns:
        The recorded outputs that the cache does not hold.
    """
    from dvc.exceptions import CheckoutError

    entry = dvc_entry.lock_entry
    if not entry or not entry.get("outs"):
        return []
    cache = dvc_entry.repo.stage_cache
    cached = {out.def_path for out in dvc_entry.stage.outs if out.use_cache}
    # A stage made from the entry regards every output as cached, with the old hash.
    recorded = cache._create_stage(entry, wdir=dvc_entry.stage.wdir)
    missing = []
    for out in recorded.outs:
        try:
            if out.def_path in cached:
                out.checkout(force=True)
            else:
                # A copy, as DVC does: a file in git must not be a link to the cache.
                with cache._cache_type_copy():
                    out.checkout(force=True)
        except (CheckoutError, FileNotFoundError):
            missing.append(out.def_path)
    return missing
