"""Searches for hyperparameters: what is searched, how, and what came of it."""
