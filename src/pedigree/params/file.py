"""Reading `params.yaml`: by section for the stages, whole for the command line.

The sections of the file are cut along the stages. `read_section` hands a stage its
own section and nothing else, so a stage cannot read another stage's parameter.
`read_parameters` reads the whole file; only the command line uses it.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, model_validator

from pedigree.errors import WrongUseError
from pedigree.params.datasets import Dataset
from pedigree.params.downloads import Download
from pedigree.params.experiments import Experiment
from pedigree.params.features import Features
from pedigree.params.monitoring import Monitoring
from pedigree.params.promotion import Promotion
from pedigree.params.searches import Search
from pedigree.params.values import ModelName, Name
from pedigree.sections import Section, SectionType, load_yaml, parse

PARAMS_FILE = Path("params.yaml")

# Sections that no stage reads: a change re-runs nothing.
UNREAD_SECTIONS = ("promotion", "monitoring")


class Parameters(Section):
    """The whole of `params.yaml`."""

    downloads: Mapping[Name, Download] = Field(default_factory=dict)
    datasets: Mapping[Name, Dataset] = Field(default_factory=dict)
    features: Mapping[Name, Features] = Field(default_factory=dict)
    experiments: Mapping[Name, Experiment] = Field(default_factory=dict)
    searches: Mapping[Name, Search] = Field(default_factory=dict)
    promotion: Mapping[ModelName, Promotion] = Field(default_factory=dict)
    monitoring: Mapping[ModelName, Monitoring] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _references_exist(self) -> "Parameters":
        for name, features in self.features.items():
            if features.dataset not in self.datasets:
                raise ValueError(
                    f"features.{name}.dataset must name a dataset; "
                    f"{features.dataset!r} is not in the section `datasets`"
                )
        for name, experiment in self.experiments.items():
            if experiment.features not in self.features:
                raise ValueError(
                    f"experiments.{name}.features must name features; "
                    f"{experiment.features!r} is not in the section `features`"
                )
        return self

    @model_validator(mode="after")
    def _searches_agree_with_their_experiments(self) -> "Parameters":
        for name, search in self.searches.items():
            experiment = self.experiments.get(search.experiment)
            if experiment is None:
                raise ValueError(
                    f"searches.{name}.experiment must name an experiment; "
                    f"{search.experiment!r} is not in the section `experiments`"
                )
            if name in self.experiments:
                raise ValueError(f"searches.{name} must not be called as an experiment")
            repeated = {
                "features": (search.features, experiment.features),
                "architecture": (search.architecture, experiment.model.architecture),
            }
            for key, (told, known) in repeated.items():
                if told != known:
                    raise ValueError(
                        f"searches.{name}.{key} must be {known!r}, which its "
                        f"experiment has; it is {told!r}"
                    )
        return self


def read_parameters(path: Path = PARAMS_FILE) -> Parameters:
    """Read and check the whole file, for the command line.

    Raises:
        WrongUseError: If a key is unknown or missing, or a value is out of range.
    """
    data = load_yaml(path) or {}
    return parse(Parameters, data, path)


def read_section(
    section_type: type[SectionType], *keys: str, path: Path = PARAMS_FILE
) -> SectionType:
    """Read one section, for a stage.

    Args:
        section_type: The type of the section.
        keys: Where the section stands, e.g. `"experiments", "digits", "train"`.
        path: The parameters file.

    Raises:
        WrongUseError: If the section does not exist or is not of its type.
    """
    section = load_yaml(path)
    for depth, key in enumerate(keys):
        if not isinstance(section, Mapping) or key not in section:
            missing = ".".join(keys[: depth + 1])
            raise WrongUseError(
                f"{missing} must be in {path}. Received: no such section",
                "`pedigree list` shows what can be activated.",
            )
        section = section[key]
    return parse(section_type, section, path, keys)
