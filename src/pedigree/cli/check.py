"""`pedigree check`: whether params.yaml, dvc.yaml and the expectations agree."""

from pathlib import Path

import typer

from pedigree.errors import WrongUseError
from pedigree.models.architecture import check as check_model
from pedigree.params.file import Parameters, read_parameters
from pedigree.params.searches import Search
from pedigree.pipeline import PIPELINE_FILE, Pipeline
from pedigree.sections import load_yaml, parse
from pedigree.training.search.objective import require_objective
from pedigree.training.search.space import Space

EXPECTATIONS = Path("expectations")


def check_command() -> None:
    """Check params.yaml, dvc.yaml and the expectations without running anything."""
    parameters = read_parameters()
    for name, experiment in parameters.experiments.items():
        check_model(
            experiment.model, experiment.train.library, ("experiments", name, "model")
        )
    for name, search in parameters.searches.items():
        _check_search(name, search, parameters)
    suites = _check_suites(parameters)
    pipeline = Pipeline()
    _check_dependencies(pipeline)
    typer.echo(
        f"{len(parameters.experiments)} experiments, {len(pipeline.stages)} stages and "
        f"{suites} suites agree."
    )


def _check_search(name: str, search: Search, parameters: Parameters) -> None:
    experiment = parameters.experiments[search.experiment]
    Space(name, search, experiment.model, experiment.train)
    validation = parameters.features[search.features].split.validation
    has_rows = validation.method != "none"
    require_objective(name, search, experiment.train, has_rows)


def _check_suites(parameters: Parameters) -> int:
    """Check the form of the suites; `validate` knows the expectations themselves."""
    from pedigree.data.suite import SuiteFile

    suites = {dataset.expectations for dataset in parameters.datasets.values()}
    for name, dataset in parameters.datasets.items():
        path = EXPECTATIONS / f"{dataset.expectations}.yaml"
        if not path.is_file():
            raise WrongUseError(
                f"expectations must name a suite. Received: datasets.{name}."
                f"expectations={dataset.expectations!r}, but there is no {path}",
                f"Correct the name, or write {path}: `pedigree profile {name}` "
                "proposes one.",
            )
        parse(SuiteFile, load_yaml(path), path)
    return len(suites)


def _check_dependencies(pipeline: Pipeline) -> None:
    """Check that each dependency is there, or is made by another stage."""
    made = {path for stage in pipeline.stages.values() for path in stage.outputs}
    for name, stage in pipeline.stages.items():
        for path in sorted(stage.dependencies - made):
            if not Path(path).exists():
                raise WrongUseError(
                    f"a dependency of {name} must exist or be the output of a stage. "
                    f"Received: no {path}",
                    f"Put it there, or correct what names it: params.yaml or "
                    f"{PIPELINE_FILE}.",
                )
