"""The files of a logged model, brought to this machine where they are not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pedigree.errors import WrongUseError
from pedigree.lineage.ancestry import Ancestry


@contextmanager
def download(ancestry: Ancestry) -> Iterator[Path]:
    """Find the files of a version's logged model; a local store is read in place.

    Raises:
        WrongUseError: If the store does not have them.
    """
    place = Path(ancestry.artifact)
    if place.is_dir():
        yield place
        return
    import mlflow
    from mlflow.exceptions import MlflowException

    with TemporaryDirectory(prefix="pedigree-verify-") as folder:
        try:
            path = mlflow.artifacts.download_artifacts(
                artifact_uri=ancestry.artifact, dst_path=folder
            )
        except (MlflowException, OSError) as error:
            raise WrongUseError(
                f"MLflow must hold the files of {ancestry.uri}. Received: "
                f"{' '.join(str(error).split())}",
                "Bring the store's artifacts back, or delete the version and register "
                "the model again.",
            ) from error
        yield Path(path)
