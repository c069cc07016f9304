"""fetch: one dataset's original bytes, checked against their sums."""

import shutil
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from pedigree.data.sources.pinned import require_pinned
from pedigree.params.downloads import Download
from pedigree.params.file import read_section
from pedigree.tracking.outcome import log_outcome
from pedigree.tracking.stage import StageRun, run_stage


def main(run: StageRun, dataset: str) -> None:
    """Get the files of `downloads.<dataset>` into `data/external/<dataset>`."""
    download: Download = read_section(Download, "downloads", dataset)  # type: ignore[arg-type]
    source = import_module(f"pedigree.data.sources.{download.kind}")
    external = Path("data/external")
    external.mkdir(parents=True, exist_ok=True)
    # Beside the output: a fetch that fails or is killed leaves no file in it.
    with TemporaryDirectory(dir=external, prefix=f".{dataset}-") as scratch:
        source.fetch(download, getattr(download, "name", dataset), Path(scratch))
        fetched = [Path(scratch) / file.name for file in download.files]
        for path, file in zip(fetched, download.files, strict=True):
            require_pinned(path, file, origin="The download")
        target = external / dataset
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for path in fetched:
            path.rename(target / path.name)
    log_outcome(run, "fetch", dataset)


if __name__ == "__main__":
    run_stage(main)
