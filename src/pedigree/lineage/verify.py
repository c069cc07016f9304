"""Hashing anew everything on the way from the source bytes to a model version."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pedigree.archives.hashing import hash_of_file, hash_of_tree
from pedigree.lineage.ancestry import Ancestry, Execution
from pedigree.lineage.storage import Storage
from pedigree.models.predictor import OUTPUTS_FILE, PARTS_FILE
from pedigree.tracking.manifest import differences, sha256_of

Item = tuple[str, str]


@dataclass(frozen=True)
class Check:
    """What hashing one thing anew has shown.

    Attributes:
        name: A file or folder of the project, or of the logged model.
        hash: The hash it must have.
        places: Where bytes with this hash were found.
        fault: What differs, and where; None if nothing does.
        remedy: What to do about a fault.
    """

    name: str
    hash: str
    places: tuple[str, ...] = ()
    fault: str | None = None
    remedy: str = ""


def verify(ancestry: Ancestry, model: Path) -> Iterator[Check]:
    """Hash anew what a model version descends from, then the version itself.

    The workspace has to hold what `dvc.lock` says is there. Where that is another
    version of the data, DVC's cache has to hold the one that the model came from; what
    is in neither place cannot be verified, which is a fault as well.

    Args:
        ancestry: The ancestry of the version.
        model: The files of the logged model.

    Yields:
        One check after the other, from the source bytes to the logged model.
    """
    from dvc.repo import Repo

    for path, value in ancestry.gaps.items():
        yield Check(
            path,
            value,
            fault=f"no run tells how {path} was made",
            remedy="`pedigree sync` makes the runs of what came from a cache.",
        )
    with Repo() as repo:
        storage = Storage(repo)
        seen: set[Item] = set()
        for execution in ancestry.from_the_source:
            yield from _check_sources(ancestry, execution, storage)
            new = dict(execution.code.items() - seen)
            yield from _check_code(new, execution.commit, storage)
            seen |= new.items()
            for path, value in execution.data.items():
                if ancestry.maker(path, value) is None and path not in ancestry.gaps:
                    yield _check_data(storage, path, value)
            for path, value in ancestry.needed_outputs(execution).items():
                yield _check_data(storage, path, value)
    yield from check_artifact(ancestry, model)


def _check_sources(
    ancestry: Ancestry, execution: Execution, storage: Storage
) -> Iterator[Check]:
    """Check pinned files by their sha256, where the workspace holds this version."""
    dataset = execution.address.partition("@")[2]
    folder = f"data/external/{dataset}"
    value = {**execution.outputs, **execution.data}.get(folder, "")
    for source in ancestry.sources(execution):
        path = Path(folder, source.name)
        if source.sha256 is None or not storage.is_recorded(folder, value):
            continue
        if path.is_file():
            found = sha256_of(path)
            fault = None
            if found != source.sha256:
                fault = f"{path} has the sha256 {found} in the workspace"
            remedy = f"Get the file again: `dvc repro --force fetch@{dataset}`."
            yield Check(str(path), source.sha256, ("workspace",), fault, remedy)


def _check_data(storage: Storage, path: str, value: str) -> Check:
    """Hash a file or folder anew in the workspace and in the cache."""
    places = []
    if storage.is_recorded(path, value):
        if fault := storage.fault_in_workspace(path, value):
            remedy = f"`dvc checkout {path}` brings it back from DVC's cache."
            return Check(path, value, (), f"{fault} in the workspace", remedy)
        places.append("workspace")
    if storage.is_cached(value):
        if fault := storage.fault_in_cache(path, value):
            remedy = "Delete that file; `dvc pull` or `dvc commit` fills the cache."
            return Check(path, value, (), f"{fault} in DVC's cache", remedy)
        places.append("cache")
    fault = None if places else f"neither workspace nor DVC's cache holds {path}"
    remedy = "`dvc pull` brings it where a remote has it."
    return Check(path, value, tuple(places), fault, remedy)


def _check_code(
    code: Mapping[str, str], commit: str | None, storage: Storage
) -> Iterator[Check]:
    """Look for what is in git in the workspace, then in the commit that ran."""
    changed = {
        path for path, value in code.items() if storage.fault_in_workspace(path, value)
    }
    committed = storage.hashes_in_commit(changed, commit) if commit and changed else {}
    where = f"nor the commit {commit[:10]}" if commit else "and no commit is known that"
    for path, value in sorted(code.items()):
        if path not in changed:
            yield Check(path, value, ("workspace",))
        elif commit and committed.get(path) == value:
            yield Check(path, value, (f"commit {commit[:10]}",))
        else:
            fault = f"{path}: neither the workspace {where} holds it as it was"
            remedy = "Bring that state of it back, or train the model again."
            yield Check(path, value, (), fault, remedy)


def check_artifact(ancestry: Ancestry, folder: Path) -> Iterator[Check]:
    """Check the files of the logged model, and its model against the training's.

    Args:
        ancestry: The ancestry of the version.
        folder: The files of the logged model.
    """
    name = f"{ancestry.uri} in MLflow"
    experiment = ancestry.training.address.partition("@")[2]
    remedy = (
        "Delete the version and register it again: `dvc repro --force --single-item "
        f"register@{experiment}`."
    )
    if ancestry.manifest is None:
        yield Check(name, "", fault="the version has no manifest", remedy=remedy)
        return
    for each in differences(folder, ancestry.manifest):
        fault = f"{each} differs in the MLflow artifact {folder}"
        yield Check(name, ancestry.manifest, fault=fault, remedy=remedy)
        return
    if _hash_of_model(folder) != ancestry.model_hash:
        fault = f"the MLflow artifact {folder} holds another model than the training's"
        yield Check(name, ancestry.model_hash, fault=fault, remedy=remedy)
        return
    yield Check(name, ancestry.manifest, ("MLflow artifact",))


def _hash_of_model(folder: Path) -> str:
    """Hash the model of a logged model as DVC hashes `models/<experiment>`.

    Of models that were trained on the way to it, the hashes are listed beside it.
    """
    artifacts = folder / "artifacts"
    listed: dict[str, str] = json.loads((artifacts / PARTS_FILE).read_text("utf-8"))
    own = [*artifacts.glob("model.*"), artifacts / OUTPUTS_FILE]
    hashes = {each.name: hash_of_file(each.read_bytes()) for each in own}
    return hash_of_tree({**listed, **hashes})
