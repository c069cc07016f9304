"""The types of this project that an archive may hold."""

# What skops has to be told to trust, beyond NumPy's and Python's own plain types.
TRUSTED_TYPES = (
    "pedigree.models.numpy.estimators.NumpyClassifier",
    "pedigree.models.numpy.estimators.NumpyRegressor",
)
