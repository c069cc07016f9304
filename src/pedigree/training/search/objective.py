"""Whether the objective of a search is something that trainings tell of."""

from pedigree.errors import WrongUseError
from pedigree.params.file import PARAMS_FILE
from pedigree.params.searches import Search
from pedigree.params.train import Train


def require_objective(
    name: str, search: Search, train: Train, validation: bool
) -> None:
    """Refuse a metric that no training of the experiment would tell of.

    Args:
        name: Key of the search in `params.yaml`.
        search: The search.
        train: The section `train` of its experiment.
        validation: Whether its features have validation rows.

    Raises:
        WrongUseError: If that is so.
    """
    known = train.figures(validation)
    metric = search.objective.metric
    if metric not in known:
        raise WrongUseError(
            f"searches.{name}.objective.metric must be one of {', '.join(known)}. "
            f"Received: {metric}",
            f"Correct it in {PARAMS_FILE}, or let `features.*.split` keep validation "
            "rows.",
        )
