"""Proposals of suites: what was seen in a dataset, in the form of `expectations/`."""
