"""Regression: what is measured on a model that predicts a number."""
