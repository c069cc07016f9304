"""Folders of models that are trained on the way to that of an experiment.

Each holds a model and its history, below `models/<experiment>`.
"""

REPEATS = "repeats"  # models of other seeds
FOLDS = "folds"  # models of a cross-validation
VALIDATED = "validated"  # the model that told how long to train
