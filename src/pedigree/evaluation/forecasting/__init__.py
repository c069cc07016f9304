"""Forecasting: what is measured on a model that predicts a later number."""
