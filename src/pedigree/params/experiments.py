"""An experiment: its sections are read by train, evaluate and register."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from pedigree.params.evaluate import EvaluateClassification
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.params.values import Name
from pedigree.sections import Section


class Register(Section):
    """The registered model that a version is added to."""

    model: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Experiment(Section):
    """An experiment: `study`, `title` and `published` are read by no stage."""

    study: Name
    title: str
    published: Mapping[str, float] = Field(default_factory=dict)
    features: Name
    model: Model
    train: Train
    evaluate: EvaluateClassification
    register_: Register = Field(alias="register")


# Keys that no stage reads: a change re-runs nothing.
UNREAD_EXPERIMENT_KEYS = ("study", "title", "published")
