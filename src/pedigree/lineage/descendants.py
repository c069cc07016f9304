"""The model versions that descend from a file or folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigree.lineage.ancestry import DATA_FOLDERS, find_maker

if TYPE_CHECKING:
    from mlflow import MlflowClient

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


def find_descendants(client: "MlflowClient", path: str) -> list[Descendant]:
    """Find the model versions that descend from any content of a file or folder.

    Args:
        client: The open store.
        path: A path in the project: data, a model, an expectations file or a module.

    Returns:
        The versions, by name and number.
    """
    ancestors = _Ancestors(client)
    aliases = {
        model.name: _by_version(model.aliases)
        for model in client.search_registered_models(max_results=1000)
    }
    found = [
        Descendant(
            version.name,
            int(version.version),
            tuple(aliases.get(version.name, {}).get(str(version.version), ())),
            value,
            version.tags.get("pedigree.experiment", ""),
        )
        for version in client.search_model_versions(max_results=10_000)
        for ancestor, value in sorted(ancestors.of_training(version.tags))
        if ancestor == path
    ]
    return sorted(found, key=lambda each: (each.name, each.version, each.hash))


class _Ancestors:
    """Files and folders that others descend from; each is looked up once."""

    def __init__(self, client: "MlflowClient") -> None:
        self._client = client
        self._experiments = [each.experiment_id for each in client.search_experiments()]
        self._known: dict[Item, frozenset[Item]] = {}

    def of_training(self, tags: Mapping[str, str]) -> frozenset[Item]:
        """What a training with these tags descends from."""
        read = set(_tagged(tags, "dvc.dep."))
        return frozenset(read.union(*(self._of(item) for item in read)))

    def _of(self, item: Item) -> frozenset[Item]:
        if item not in self._known:
            path, value = item
            maker = None
            if path.startswith(DATA_FOLDERS):
                maker = find_maker(self._client, self._experiments, path, value)
            tags = maker.data.tags if maker else {}
            self._known[item] = self.of_training(tags)
        return self._known[item]


def _tagged(tags: Mapping[str, str], prefix: str) -> Iterator[Item]:
    for name, value in tags.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), value


def _by_version(aliases: Mapping[str, str]) -> dict[str, list[str]]:
    versions: dict[str, list[str]] = {}
    for alias, version in sorted(aliases.items()):
        versions.setdefault(str(version), []).append(alias)
    return versions
