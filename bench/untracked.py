"""The yardstick: the train stage without tracking and hashing.

usage: python bench/untracked.py EXPERIMENT FEATURES   (in the root of a checkout)

It does all that the stage does, but opens no run: neither DVC nor MLflow is imported.
"""

import sys
from collections.abc import Mapping

from pedigree.stages.train import main


class Untracked:
    """What the stage asks of its run."""

    key = "untracked"

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log nothing."""


if __name__ == "__main__":
    main(Untracked(), *sys.argv[1:])
