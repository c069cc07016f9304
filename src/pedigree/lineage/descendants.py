"""The model versions that descend from a file or folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pedigree.lineage.ancestry import DATA_FOLDERS
from pedigree.lineage.records import Records, RunRecord

Item = tuple[str, str]


@dataclass(frozen=True)
class Descendant:
    """A model version and what it descends from.

    Attributes:
        name: The registered model.
        version: The number of the version.
        aliases: The aliases of the version.
        hash: The hash that the file or folder had.
        experiment: The experiment that trained the model.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    hash: str
    experiment: str

    @property
    def uri(self) -> str:
        """The version in the form that MLflow takes."""
        return f"models:/{self.name}/{self.version}"


def find_descendants(records: Records, path: str) -> list[Descendant]:
    """Find the model versions that descend from any content of a file or folder.

    Args:
        records: The open store.
        path: A path in the project: data, a model, an expectations file or a module;
            or what lies in a folder that a stage reads as a whole.

    Returns:
        The versions, by name and number.
    """
    ancestors = _Ancestors(records)
    return [
        Descendant(
            version.name,
            version.version,
            version.aliases,
            value,
            version.tags["pedigree.experiment"],
        )
        for version in records.versions()
        if "pedigree.experiment" in version.tags  # else it was registered by hand
        for ancestor, value in sorted(ancestors.of_run(records.run(version.run_id)))
        if f"{path}/".startswith(f"{ancestor}/")
    ]


class _Ancestors:
    """Files and folders that others descend from; each is looked up once."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[Item, frozenset[Item]] = {}

    def of_run(self, run: RunRecord) -> frozenset[Item]:
        """What a run has read, and what that descends from."""
        read = set(_tagged(run.tags, "dvc.dep."))
        return frozenset(read.union(*(self._of(item) for item in read)))

    def _of(self, item: Item) -> frozenset[Item]:
        if item not in self._known:
            made = item[0].startswith(DATA_FOLDERS)
            maker = self._records.maker(*item) if made else None
            self._known[item] = self.of_run(maker) if maker else frozenset()
        return self._known[item]


def _tagged(tags: Mapping[str, str], prefix: str) -> Iterator[Item]:
    for name, value in tags.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), value
