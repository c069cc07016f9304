"""An experiment: its sections are read by train, evaluate and register."""

from collections.abc import Mapping

from pydantic import Field

from pedigree.params.evaluate import Evaluate
from pedigree.params.model import Model
from pedigree.params.train import Train
from pedigree.params.values import ModelName, Name
from pedigree.sections import Section


class Register(Section):
    """The registered model that a version is added to."""

    model: ModelName


class Experiment(Section):
    """An experiment: its first four keys are read by no stage.

    Attributes:
        study: The study it belongs to.
        title: What it is, in a line.
        published: Published figures by their names in `metrics.json`.
        expected_failure: What the error of its training says, where it is to fail.
        features: What it is trained on.
        model: Its architecture and hyperparameters.
        train: How it is trained.
        evaluate: What is measured.
        register_: Where its model goes.
    """

    study: Name
    title: str
    published: Mapping[str, float] = Field(default_factory=dict)
    expected_failure: str | None = None
    features: Name
    model: Model
    train: Train
    evaluate: Evaluate
    register_: Register = Field(alias="register")


# Keys that no stage reads: a change re-runs nothing.
UNREAD_EXPERIMENT_KEYS = ("study", "title", "published", "expected_failure")
