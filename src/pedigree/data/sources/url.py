"""Files below one address, downloaded by pooch."""

import sys
from pathlib import Path

from pedigree.data.sources.pinned import copy_from_mirror
from pedigree.errors import RefusedError
from pedigree.params.downloads import UrlDownload

TIMEOUT_SECONDS = 60


def fetch(download: UrlDownload, dataset: str, folder: Path) -> None:
    """Download files, with a progress bar each on a terminal.

    Args:
        download: The section of params.yaml.
        dataset: The folder of the mirror.
        folder: Where the files go.

    Raises:
        RefusedError: If an address does not answer with the file.
    """
    missing = copy_from_mirror(dataset, download.files, folder)
    if not missing:
        return
    import pooch
    import requests

    for file in missing:
        url = f"{download.url.rstrip('/')}/{file.name}"
        get = pooch.downloaders.choose_downloader(url, progressbar=sys.stderr.isatty())
        try:
            get(url, str(folder / file.name), None)
        except (OSError, requests.RequestException) as error:
            raise RefusedError(
                f"{url} must answer with the file. Received: {error}",
                "Check the network and `downloads` in params.yaml, or set "
                "PEDIGREE_MIRROR to a folder that has the files.",
            ) from error
