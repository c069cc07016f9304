"""Reading the catalogue: `data.yaml` for all studies, then one file per study."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field

from pedigree.errors import WrongUseError
from pedigree.params.datasets import Dataset
from pedigree.params.downloads import Download
from pedigree.params.experiments import Experiment
from pedigree.params.features import Features
from pedigree.params.file import Parameters
from pedigree.params.monitoring import Monitoring
from pedigree.params.promotion import Promotion
from pedigree.params.searches import Search
from pedigree.params.values import ModelName, Name
from pedigree.sections import Section, load_yaml, parse

CATALOGUE = Path("catalogue")
DATA_FILE = "data.yaml"
SECTIONS = (
    "downloads",
    "datasets",
    "features",
    "experiments",
    "searches",
    "promotion",
    "monitoring",
)


class Data(Section):
    """What `data.yaml` holds: what the studies share."""

    downloads: Mapping[Name, Download] = Field(default_factory=dict)
    datasets: Mapping[Name, Dataset] = Field(default_factory=dict)
    features: Mapping[Name, Features] = Field(default_factory=dict)
    promotion: Mapping[ModelName, Promotion] = Field(default_factory=dict)
    monitoring: Mapping[ModelName, Monitoring] = Field(default_factory=dict)


class Study(Section):
    """What the file of a study holds; the study is named after the file."""

    title: str
    features: Mapping[Name, Features] = Field(default_factory=dict)
    experiments: Mapping[Name, Experiment] = Field(default_factory=dict)
    searches: Mapping[Name, Search] = Field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """All entries of all studies.

    Attributes:
        parameters: The entries, as one set of parameters.
        titles: The title of each study.
        entries: For each section, the plain data of each entry.
        files: For each section, the file that each entry stands in.
    """

    parameters: Parameters
    titles: dict[str, str]
    entries: dict[str, dict[str, Any]]
    files: dict[str, dict[str, Path]]

    def select(
        self, ids: Iterable[str] = (), study: str | None = None, every: bool = False
    ) -> list[str]:
        """Select experiments and searches by their ids, by their study, or all of them.

        Raises:
            WrongUseError: If an id or the study is unknown.
        """
        studies = self.studies
        if every:
            return list(studies)
        if study is not None:
            require_study(study, self.titles)
            return [name for name, each in studies.items() if is_of_study(each, study)]
        chosen = list(dict.fromkeys(ids))
        for name in chosen:
            require_known("id", name, studies)
        return chosen

    @property
    def studies(self) -> dict[str, str]:
        """The study of each experiment and, after them, of each search."""
        experiments = self.parameters.experiments
        found = {name: experiment.study for name, experiment in experiments.items()}
        for name, search in self.parameters.searches.items():
            found[name] = experiments[search.experiment].study
        return found


def read_catalogue(folder: Path = CATALOGUE) -> Catalogue:
    """Read and check all files of the catalogue.

    Raises:
        WrongUseError: If the catalogue is missing, an entry does not fit the schema,
            or two files hold an entry of the same name.
    """
    entries: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    files: dict[str, dict[str, Path]] = {section: {} for section in SECTIONS}
    titles = {}
    studies = sorted(set(folder.glob("*.yaml")) - {folder / DATA_FILE})
    for path in [folder / DATA_FILE, *studies]:
        content = load_yaml(path) or {}
        if path.name == DATA_FILE:
            parse(Data, content, path)
        else:
            titles[path.stem] = _check_study(content, path)
        for section in SECTIONS:
            for name, entry in content.get(section, {}).items():
                _require_new(section, name, path, files)
                files[section][name] = path
                entries[section][name] = entry
    return Catalogue(parse(Parameters, entries, folder), titles, entries, files)


def needs(parameters: Parameters, names: Iterable[str]) -> dict[str, list[str]]:
    """Name the entries of every section that experiments and searches need.

    Of the gates and thresholds, those of the models that the experiments are
    registered as.

    Args:
        parameters: Where the entries are.
        names: Names of experiments and searches, which are named too.
    """
    chosen = list(names)
    searches = [name for name in chosen if name in parameters.searches]
    experiments = list(
        dict.fromkeys(
            parameters.searches[name].experiment if name in searches else name
            for name in chosen
        )
    )
    entries = [parameters.experiments[name] for name in experiments]
    features = dict.fromkeys(entry.features for entry in entries)
    datasets = dict.fromkeys(parameters.features[f].dataset for f in features)
    downloads = [name for name in datasets if name in parameters.downloads]
    models = dict.fromkeys(entry.register_.model for entry in entries)
    gates = [name for name in models if name in parameters.promotion]
    thresholds = [name for name in models if name in parameters.monitoring]
    needed = [
        *(downloads, [*datasets], [*features], experiments, searches),
        *(gates, thresholds),
    ]
    return dict(zip(SECTIONS, needed, strict=True))


def require_known(kind: str, name: str, known: Iterable[str]) -> None:
    """Refuse an unknown name, and show the names that are close to it.

    Raises:
        WrongUseError: If the name is not among the known ones.
    """
    names = list(known)
    if name in names:
        return
    close = get_close_matches(name, names)
    hint = (
        f"Close to it: {', '.join(close)}." if close else "`pedigree list` shows all."
    )
    raise WrongUseError(
        f"{kind} must be one that the catalogue holds. Received: {name!r}", hint
    )


def is_of_study(study: str, asked: str) -> bool:
    """Tell whether a study is the one asked for, or a part of it.

    `seed_001` stands for `seed_001_week_1` and all others that begin so.
    """
    return study == asked or study.startswith(f"{asked}_")


def require_study(asked: str, known: Iterable[str]) -> None:
    """Refuse a name that is neither a study nor the beginning of several.

    Raises:
        WrongUseError: If that is so.
    """
    studies = list(dict.fromkeys(known))
    if not any(is_of_study(study, asked) for study in studies):
        require_known("study", asked, studies)


def _check_study(content: Any, path: Path) -> str:
    study = parse(Study, content, path)
    for name, experiment in study.experiments.items():
        if experiment.study != path.stem:
            raise WrongUseError(
                f"study must be the name of the file. Received: experiments.{name}."
                f"study={experiment.study!r} in {path}",
                f"Correct {path}.",
            )
    return study.title


def _require_new(
    section: str, name: str, path: Path, files: dict[str, dict[str, Path]]
) -> None:
    if name in files[section]:
        raise WrongUseError(
            f"{section}.{name} must stand in one file of the catalogue. Received: "
            f"{files[section][name]} and {path}",
            "Rename one of the two.",
        )
