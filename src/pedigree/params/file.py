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
